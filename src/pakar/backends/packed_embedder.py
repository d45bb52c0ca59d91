"""An embedder over a packed encoder: prompts, token limits, windows for long queries."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pakar.backends.numeric_precision import Precision
from pakar.backends.packed_encoder import PackedEncoder, Pooling
from pakar.backends.text_tokenizer import TextTokenizer
from pakar.errors import ModelError
from pakar.ports import EmbedderInfo, TextRole, Vectors


@dataclass(frozen=True, slots=True)
class Prompts:
    """What goes before a text, by its role."""

    query: str = ""
    passage: str = ""

    def of(self, role: TextRole) -> str:
        return self.query if role == "query" else self.passage


class PackedEmbedder:
    """Embeds texts with a BERT-like model from a folder. The network loads at the first use."""

    def __init__(
        self,
        folder: Path,
        info: EmbedderInfo,
        *,
        prompts: Prompts,
        pooling: Pooling = "mean",
        precision: Precision = "auto",
    ) -> None:
        self._folder = folder
        self._info = info
        self._prompts = prompts
        self._pooling: Pooling = pooling
        self._precision: Precision = precision
        self._tokenizer = TextTokenizer(folder / "tokenizer.json")
        self._encoder: PackedEncoder | None = None
        self._lock = threading.Lock()

    @property
    def info(self) -> EmbedderInfo:
        return self._info

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return self._tokenizer.count([self._prompts.passage + text for text in texts])

    def embed(self, texts: Sequence[str], role: TextRole) -> Vectors:
        """Raises ModelError for a passage over the limit; longer queries become windows."""
        prompt = self._prompts.of(role)
        ids = self._tokenizer.encode([prompt + text for text in texts])
        if role == "passage":
            refuse_too_long([len(text) for text in ids], texts, self._info)
        windows = [cut(text, self._info.max_tokens) for text in ids]
        vectors = self._loaded().encode([window for text in windows for window in text])
        return unit_rows(_averaged(vectors, windows))

    def _loaded(self) -> PackedEncoder:
        with self._lock:
            if self._encoder is None:
                self._encoder = PackedEncoder.load(
                    self._folder, pooling=self._pooling, precision=self._precision
                )
            return self._encoder


def refuse_too_long(lengths: Sequence[int], texts: Sequence[str], info: EmbedderInfo) -> None:
    """Raises ModelError for the first text that the model would cut off."""
    for length, text in zip(lengths, texts, strict=True):
        if length > info.max_tokens:
            raise ModelError(
                f"A passage of {length} tokens is longer than the {info.max_tokens} that "
                f"{info.spec} reads: {text[:60]!r}…",
                hint="Set a smaller `tokens` in the section [passages] of pakar.toml.",
            )


def cut(ids: Sequence[int], limit: int) -> list[list[int]]:
    """Windows of at most `limit` ids, each with the first and the last id around it."""
    if len(ids) <= limit:
        return [list(ids)]
    first, *content, last = ids
    size = limit - 2
    return [[first, *content[start : start + size], last] for start in range(0, len(content), size)]


def _averaged(vectors: Vectors, windows: Sequence[Sequence[Sequence[int]]]) -> Vectors:
    """One vector a text: its windows' mean, weighted by their lengths."""
    if all(len(text) == 1 for text in windows):
        return vectors
    rows = []
    start = 0
    for text in windows:
        weights = np.array([len(window) - 2 for window in text], np.float32)
        rows.append(np.average(vectors[start : start + len(text)], axis=0, weights=weights))
        start += len(text)
    return np.asarray(rows, np.float32)


def unit_rows(vectors: Vectors) -> Vectors:
    """The rows scaled to length 1."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12), np.float32)
