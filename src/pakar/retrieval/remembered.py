"""An embedder that remembers the vectors of the last questions and of sentences they were put to.

One question is often searched for more than once: by another route, again for the feedback on
its answer, by the next reader. Many questions find the same passages, whose sentences are compared
with each of them. Embedding is most of what a search costs.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence

import numpy as np

from pakar.ports import Embedder, EmbedderInfo, TextRole, Vectors

# Vectors of 384 numbers and their texts: less than 10 MB.
_MOST = 4096
_Key = tuple[TextRole, str]


class RememberingEmbedder:
    """An Embedder over another one. Safe to share between threads where that one is."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._known: OrderedDict[_Key, Vectors] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def info(self) -> EmbedderInfo:
        return self._embedder.info

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return self._embedder.count_tokens(texts)

    def embed(self, texts: Sequence[str], role: TextRole) -> Vectors:
        """What the other one gives; what was embedded lately comes from memory."""
        keys = [(role, text) for text in texts]
        found = self._remembered(keys)
        new = list(dict.fromkeys(text for text in texts if (role, text) not in found))
        made = self._embedder.embed(new, role)
        known = {(role, text): row for text, row in zip(new, made, strict=True)}
        self._remember(known)
        rows = [found[key] if key in found else known[key] for key in keys]
        return np.array(rows, made.dtype).reshape(len(texts), made.shape[1])

    def _remembered(self, keys: Sequence[_Key]) -> dict[_Key, Vectors]:
        with self._lock:
            found = {key: self._known[key] for key in keys if key in self._known}
            for key in found:
                self._known.move_to_end(key)
        return found

    def _remember(self, made: Mapping[_Key, Vectors]) -> None:
        with self._lock:
            # Copied: a row of its own does not hold on to the others of its batch.
            self._known.update((key, row.copy()) for key, row in made.items())
            while len(self._known) > _MOST:
                self._known.popitem(last=False)
