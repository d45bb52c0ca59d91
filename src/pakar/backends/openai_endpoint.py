"""The kind `openai`: models behind any OpenAI-compatible endpoint.

vLLM, Ollama, llama.cpp, text-embeddings-inference, OpenAI and Jina speak this protocol. Knows
its messages; how they travel is the client's matter.
"""

from __future__ import annotations

from pakar.backends.endpoint_embedder import EndpointEmbedder
from pakar.backends.endpoint_lm import EndpointLanguageModel
from pakar.backends.endpoint_spec import parse_endpoint
from pakar.ports import Embedder, LanguageModel


def open_embedder(name: str, *, trust_remote_code: bool) -> Embedder:
    """Contacts the endpoint when first used; code of a model never runs here."""
    return EndpointEmbedder(parse_endpoint(name))


def open_language_model(name: str, *, trust_remote_code: bool) -> LanguageModel:
    """Contacts the endpoint when first used; code of a model never runs here."""
    return EndpointLanguageModel(parse_endpoint(name))
