"""Embedders through the library sentence-transformers: every architecture it knows.

The general way, for folders that the packed forward pass cannot compute.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pakar.backends.extras import require
from pakar.backends.four_bits import import_bitsandbytes
from pakar.backends.model_cache import fingerprint_of
from pakar.backends.model_loading import loading
from pakar.backends.numeric_precision import data_type, device_name
from pakar.backends.packed_embedder import PackedEmbedder, Prompts, refuse_too_long, unit_rows
from pakar.backends.sentence_folder import packed_form, prompts_of, refuse_pickles
from pakar.backends.text_tokenizer import printable
from pakar.backends.text_windows import halved
from pakar.ports import Embedder, EmbedderInfo, TextRole, Vectors

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_UNKNOWN_LIMIT = 512
_LEAST_COSINE = 0.999
_PROBES = ("The fee for a cheque book is 50 rupees.", "Biaya penggantian kartu adalah Rp25.000.")


def open_embedder_folder(folder: Path, spec: str, *, trust_remote_code: bool = False) -> Embedder:
    """The fastest embedder that gives this folder's vectors."""
    refuse_pickles(folder)
    prompts = prompts_of(folder, spec)
    fingerprint = fingerprint_of(folder, prompts.query, prompts.passage)
    form = packed_form(folder)
    if form is None:
        return SentenceTransformerEmbedder(
            folder, spec, fingerprint, prompts=prompts, trust_remote_code=trust_remote_code
        )
    info = EmbedderInfo(spec, fingerprint, form.dimensions, form.max_tokens)
    return PackedEmbedder(form.folder, info, prompts=prompts, pooling=form.pooling)


class SentenceTransformerEmbedder:
    """Loads at the first use, `info` included: only the loaded model knows its dimensions."""

    def __init__(
        self,
        folder: Path,
        spec: str,
        fingerprint: str,
        *,
        prompts: Prompts,
        trust_remote_code: bool = False,
    ) -> None:
        self._folder = folder
        self._spec = spec
        self._fingerprint = fingerprint
        self._prompts = prompts
        self._trusted = trust_remote_code
        self._model: SentenceTransformer | None = None
        self._lock = threading.Lock()

    @property
    def info(self) -> EmbedderInfo:
        model = self._loaded()
        limit = model.max_seq_length or _UNKNOWN_LIMIT
        dimensions = int(self._vectors(model, [_PROBES[0]]).shape[1])
        return EmbedderInfo(self._spec, self._fingerprint, dimensions, int(limit))

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return self._count([self._prompts.passage + text for text in texts])

    def embed(self, texts: Sequence[str], role: TextRole) -> Vectors:
        """Raises ModelError for a passage over the limit; longer queries become windows."""
        info = self.info
        prompted = [self._prompts.of(role) + printable(text) for text in texts]
        if not prompted:
            return np.zeros((0, info.dimensions), np.float32)
        lengths = self._count(prompted)
        if role == "passage":
            refuse_too_long(lengths, texts, info)
        vectors = self._vectors(self._loaded(), prompted)
        for index, length in enumerate(lengths):
            if length > info.max_tokens:
                vectors[index] = self._windowed(prompted[index], info.max_tokens)
        return unit_rows(vectors)

    def _windowed(self, text: str, limit: int) -> Vectors:
        parts = halved(text, lambda part: self._count([part])[0] <= limit)
        vectors = self._vectors(self._loaded(), parts)
        mean: Vectors = np.average(vectors, axis=0, weights=self._count(parts))
        return mean

    def _count(self, texts: Sequence[str]) -> list[int]:
        if not texts:
            return []
        tokenizer = self._loaded().tokenizer
        ids = tokenizer([printable(text) for text in texts], truncation=False)["input_ids"]
        return [len(text) for text in ids]

    def _loaded(self) -> SentenceTransformer:
        with self._lock:
            if self._model is None:
                self._model = self._load_checked()
            return self._model

    def _load_checked(self) -> SentenceTransformer:
        """In bfloat16 where that is native and the vectors stay the same, else in float32."""
        require("sentence_transformers", "torch")
        import torch

        device = device_name()
        model = self._load(device)
        if data_type("auto", device) is torch.float32:
            return model
        exact = unit_rows(self._vectors(model, _PROBES))
        rounded = unit_rows(self._vectors(model.bfloat16(), _PROBES))
        if float(np.sum(exact * rounded, axis=1).min()) >= _LEAST_COSINE:
            return model
        return self._load(device)

    def _load(self, device: str) -> SentenceTransformer:
        import_bitsandbytes()  # sentence-transformers does, by way of peft
        from sentence_transformers import SentenceTransformer

        with loading(self._spec, "embedder"):
            return SentenceTransformer(
                str(self._folder),
                device=device,
                local_files_only=True,
                trust_remote_code=self._trusted,
                model_kwargs={"use_safetensors": True, "dtype": "float32"},
            ).eval()

    @staticmethod
    def _vectors(model: SentenceTransformer, texts: Sequence[str]) -> Vectors:
        # Prompts are in the texts already; an empty one keeps the model from adding its own.
        vectors = model.encode(
            list(texts), prompt="", show_progress_bar=False, convert_to_tensor=True
        )
        return np.asarray(vectors.float().cpu().numpy(), np.float32)
