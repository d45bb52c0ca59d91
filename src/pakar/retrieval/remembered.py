"""An embedder that remembers the vectors of the last questions.

One question is often searched for more than once: by another route, again for the feedback on
its answer, by the next reader. Embedding it is most of what a search costs.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence

import numpy as np

from pakar.ports import Embedder, EmbedderInfo, TextRole, Vectors

_MOST = 256


class RememberingEmbedder:
    """An Embedder over another one. Safe to share between threads where that one is."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._known: OrderedDict[str, Vectors] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def info(self) -> EmbedderInfo:
        return self._embedder.info

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return self._embedder.count_tokens(texts)

    def embed(self, texts: Sequence[str], role: TextRole) -> Vectors:
        """What the other one gives; a single question may come from memory."""
        if role != "query" or len(texts) != 1:
            return self._embedder.embed(texts, role)
        (question,) = texts
        with self._lock:
            found = self._known.get(question)
            if found is not None:
                self._known.move_to_end(question)
                return found.copy()
        vectors = self._embedder.embed(texts, role)
        with self._lock:
            self._known[question] = np.array(vectors)
            if len(self._known) > _MOST:
                self._known.popitem(last=False)
        return vectors
