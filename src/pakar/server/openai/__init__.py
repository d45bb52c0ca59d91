"""The interface that OpenAI's clients speak, under /v1."""
