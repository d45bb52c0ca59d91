"""Finding the passages that a question needs."""
