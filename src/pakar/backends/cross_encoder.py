"""Rerankers: cross-encoders through the library sentence-transformers."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pakar.backends.encoder_folder import read_json, weight_files
from pakar.backends.extras import require
from pakar.backends.four_bits import import_bitsandbytes
from pakar.backends.model_loading import loading
from pakar.backends.numeric_precision import device_name
from pakar.backends.text_tokenizer import printable
from pakar.backends.text_windows import halved
from pakar.errors import ModelError

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

_UNKNOWN_LIMIT = 512


class CrossEncoderReranker:
    """A text that is too long to read with the query counts by its best part (MaxP)."""

    def __init__(self, folder: Path, spec: str, *, trust_remote_code: bool = False) -> None:
        weight_files(folder)
        self._folder = folder
        self._spec = spec
        self._trusted = trust_remote_code
        self._model: CrossEncoder | None = None
        self._lock = threading.Lock()

    def score(self, query: str, texts: Sequence[str]) -> list[float]:
        if not texts:
            return []
        model = self._loaded()
        asked = printable(query)
        parts = [self._parts(model, asked, printable(text)) for text in texts]
        pairs = [(asked, part) for text in parts for part in text]
        scores = np.asarray(model.predict(pairs, show_progress_bar=False), np.float32)
        if scores.ndim != 1:
            raise ModelError(
                f"{self._spec} gives {scores.shape[1]} scores a pair; a reranker gives one",
                hint="Choose a cross-encoder with one label.",
            )
        ends = np.cumsum([len(text) for text in parts])
        return [
            float(scores[end - len(text) : end].max())
            for text, end in zip(parts, ends, strict=True)
        ]

    def _parts(self, model: CrossEncoder, query: str, text: str) -> list[str]:
        limit = self._limit(model)

        def fits(part: str) -> bool:
            return len(model.tokenizer(query, part, truncation=False)["input_ids"]) <= limit

        if not fits(""):
            raise ModelError(
                f"The query alone is longer than the {limit} tokens that {self._spec} reads",
                hint="Ask a shorter question.",
            )
        return halved(text, fits)

    def _limit(self, model: CrossEncoder) -> int:
        """The least of what tokenizer and network say they read."""
        positions = read_json(self._folder / "config.json").get("max_position_embeddings")
        known = (positions, model.tokenizer.model_max_length)
        return min((limit for limit in known if isinstance(limit, int)), default=_UNKNOWN_LIMIT)

    def _loaded(self) -> CrossEncoder:
        with self._lock:
            if self._model is None:
                self._model = self._load()
            return self._model

    def _load(self) -> CrossEncoder:
        require("sentence_transformers", "torch")
        import_bitsandbytes()  # sentence-transformers does, by way of peft
        from sentence_transformers import CrossEncoder

        with loading(self._spec, "reranker"):
            return CrossEncoder(
                str(self._folder),
                device=device_name(),
                local_files_only=True,
                trust_remote_code=self._trusted,
                model_kwargs={"use_safetensors": True, "dtype": "float32"},
            )
