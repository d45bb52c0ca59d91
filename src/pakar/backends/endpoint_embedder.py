"""Embedders behind an OpenAI-compatible endpoint. Knows the message `/embeddings`."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

import numpy as np

from pakar.backends.endpoint_client import EndpointClient, Json
from pakar.backends.endpoint_spec import EndpointSpec
from pakar.backends.packed_embedder import refuse_too_long, unit_rows
from pakar.backends.presets import endpoint_embedder_preset
from pakar.backends.text_tokenizer import printable
from pakar.backends.text_windows import halved
from pakar.backends.token_bound import token_bound
from pakar.errors import ConfigError
from pakar.ports import EmbedderInfo, TextRole, Vectors

_TEXTS_A_REQUEST = 64
_TOKENS_A_REQUEST = 100_000


class EndpointEmbedder:
    """Asks in batches. Vectors come back in the order of the texts and of length 1."""

    def __init__(self, spec: EndpointSpec, client: EndpointClient | None = None) -> None:
        self._spec = spec
        self._preset = endpoint_embedder_preset(spec.model)
        if spec.dimensions and not self._preset.shortens:
            raise ConfigError(
                f"{spec.spec!r}: {spec.model} has no `dimensions` to choose, as far as is known",
                hint="Take `dimensions` out of the spec.",
            )
        self._client = client or EndpointClient(spec.url)
        self._dimensions = spec.dimensions or self._preset.dimensions
        self._lock = threading.Lock()

    @property
    def info(self) -> EmbedderInfo:
        """Asks the endpoint once where nothing else says the number of dimensions."""
        with self._lock:
            if not self._dimensions:
                self._dimensions = self._request(["dimensions"], "passage").shape[1]
        fingerprint = f"{self._spec.model}@{self._spec.url}#{self._dimensions}"
        return EmbedderInfo(self._spec.spec, fingerprint, self._dimensions, self._preset.max_tokens)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """An upper bound for texts in a language; about twice the true count in English."""
        prefix = self._preset.passage_prefix
        return [token_bound(prefix + text) for text in texts]

    def embed(self, texts: Sequence[str], role: TextRole) -> Vectors:
        """Raises ModelError for a passage over the limit; longer queries become windows."""
        info = self.info
        if not texts:
            return np.zeros((0, info.dimensions), np.float32)
        if role == "passage":
            refuse_too_long(self.count_tokens(texts), texts, info)
            parts = [[text] for text in texts]
        else:
            parts = [self._windows(text) for text in texts]
        flat = [self._prompted(part, role) for text in parts for part in text]
        batches = [self._request(batch, role) for batch in _batches(flat)]
        vectors = unit_rows(np.concatenate(batches))
        return unit_rows(_summed(vectors, [len(text) for text in parts]))

    def _windows(self, text: str) -> list[str]:
        limit = self._preset.max_tokens
        prefix = self._preset.query_prefix
        return halved(text, lambda part: token_bound(prefix + part) <= limit)

    def _prompted(self, text: str, role: TextRole) -> str:
        prefix = self._preset.query_prefix if role == "query" else self._preset.passage_prefix
        # Endpoints refuse empty texts; a space has the same meaning.
        return prefix + (printable(text) or " ")

    def _request(self, texts: Sequence[str], role: TextRole) -> Vectors:
        fields = self._preset.query_fields if role == "query" else self._preset.passage_fields
        body: Json = {"model": self._spec.model, "input": list(texts), **dict(fields)}
        if self._spec.dimensions:
            body["dimensions"] = self._spec.dimensions
        return self._vectors(self._client.post("/embeddings", body), len(texts))

    def _vectors(self, answer: Json, count: int) -> Vectors:
        data = answer.get("data")
        if not isinstance(data, list) or len(data) != count:
            raise self._client.error(f"{count} vectors were asked for, none or another number came")
        try:
            ordered = sorted(data, key=lambda item: item.get("index", 0))
            vectors = np.array([item["embedding"] for item in ordered], np.float32)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise self._client.error("the vectors have not the form that they should") from error
        expected = self._dimensions or vectors.shape[-1]
        if vectors.ndim != 2 or vectors.shape[1] != expected:
            raise self._client.error(
                f"vectors of shape {vectors.shape} came, {expected} dimensions were expected"
            )
        if not np.isfinite(vectors).all() or not vectors.any(axis=1).all():
            raise self._client.error("a vector is zero or not finite")
        return vectors


def _batches(texts: Sequence[str]) -> Iterator[list[str]]:
    """Batches that no endpoint refuses for their number of texts or tokens."""
    batch: list[str] = []
    tokens = 0
    for text in texts:
        size = token_bound(text)
        if batch and (len(batch) == _TEXTS_A_REQUEST or tokens + size > _TOKENS_A_REQUEST):
            yield batch
            batch, tokens = [], 0
        batch.append(text)
        tokens += size
    yield batch


def _summed(vectors: Vectors, counts: Sequence[int]) -> Vectors:
    """One row a text, the sum of its windows' rows."""
    if all(count == 1 for count in counts):
        return vectors
    starts = np.cumsum([0, *counts[:-1]])
    return np.asarray(np.add.reduceat(vectors, starts, axis=0), np.float32)
