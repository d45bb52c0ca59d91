"""Which sentences of a text say the most of it: those that are most like all the others.

Continuous LexRank: the stationary distribution of a walk between sentences by the cosine of their
TF-IDF vectors (Erkan and Radev, "LexRank: Graph-based Lexical Centrality as Salience in Text
Summarization", JAIR 2004, section 3.3). The walk starts anew at the beginning of a text more often
than elsewhere, as in Otterbacher, Erkan and Radev, "Biased LexRank", 2009. The matrix of cosines
is never built: it is a product of sparse vectors, so a step takes time linear in the words. Knows
words and numbers only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Words = Sequence[str]

_DAMPING = 0.15  # the share of steps that start anew
_STEPS = 50
_CLOSE = 1e-6
_NOVELTY = 0.3


def central(sentences: Sequence[Words], most: int) -> list[int]:
    """At most so many sentences (given by their words), as indices, the one that says most first.

    Each is chosen for its centrality, less what the chosen ones say already (maximal marginal
    relevance, Carbonell and Goldstein, 1998). Those without words are never chosen. Deterministic.
    """
    bags = _bags(sentences)
    ranks = _ranks(bags)
    highest = ranks.max(initial=0.0)
    if highest <= 0:
        return []
    likeness = np.zeros(bags.count)
    chosen: list[int] = []
    while len(chosen) < most:
        gains = (1 - _NOVELTY) * ranks / highest - _NOVELTY * likeness
        gains[(ranks <= 0) | (likeness > 1 - _CLOSE)] = -np.inf
        gains[chosen] = -np.inf
        best = int(np.argmax(gains))
        if gains[best] == -np.inf:
            break
        chosen.append(best)
        likeness = np.maximum(likeness, bags.cosines(best))
    return chosen


@dataclass(frozen=True, slots=True)
class _Bags:
    """The TF-IDF vectors of `count` sentences, of length 1: (row, column, value) a word."""

    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    values: Floats
    count: int
    width: int

    def lengths(self) -> Floats:
        """1 for each sentence with words, 0 for those without."""
        return np.minimum(1.0, _added(self.rows, np.ones(len(self.rows)), self.count))

    def times_itself(self, weights: Floats) -> Floats:
        """The matrix of all cosines times a vector, shape (count,)."""
        return self._dot(self._sum(weights))

    def cosines(self, sentence: int) -> Floats:
        """The cosine of each sentence to one of them."""
        weights = np.zeros(self.count)
        weights[sentence] = 1.0
        return self.times_itself(weights)

    def _sum(self, weights: Floats) -> Floats:
        return _added(self.columns, self.values * weights[self.rows], self.width)

    def _dot(self, vector: Floats) -> Floats:
        return _added(self.rows, self.values * vector[self.columns], self.count)


def _added(places: NDArray[np.int64], values: Floats, length: int) -> Floats:
    return np.bincount(places, values, length).astype(np.float64, copy=False)


def _bags(sentences: Sequence[Words]) -> _Bags:
    counts = [Counter(words) for words in sentences]
    frequency = Counter(word for one in counts for word in one)
    number = {word: at for at, word in enumerate(frequency)}
    rows = np.array([at for at, one in enumerate(counts) for _ in one], dtype=np.int64)
    columns = np.array([number[word] for one in counts for word in one], dtype=np.int64)
    times = np.array([count for one in counts for count in one.values()], dtype=np.float64)
    rarity = np.log1p(len(sentences) / np.array(list(frequency.values()), dtype=np.float64))
    values = times * rarity[columns] if len(columns) else times
    lengths = np.sqrt(_added(rows, values**2, len(sentences)))
    values = values / lengths[rows] if len(rows) else values
    return _Bags(rows, columns, values, len(sentences), len(frequency))


def _ranks(bags: _Bags) -> Floats:
    """The share of the walk that each sentence gets; 0 for those without words."""
    own = bags.lengths()
    real = own > 0
    if not real.any():
        return np.zeros(bags.count)
    # Nobody speaks for himself: without this, a sentence like no other keeps all of its share.
    degrees = bags.times_itself(np.ones(bags.count)) - own
    start: Floats = real / np.sqrt(1.0 + np.arange(bags.count))
    start /= start.sum()
    ranks: Floats = start
    inverse = np.divide(1.0, degrees, out=np.zeros(bags.count), where=degrees > _CLOSE)
    for _ in range(_STEPS):
        sent = ranks * inverse
        stepped = _DAMPING * start + (1 - _DAMPING) * (bags.times_itself(sent) - own * sent)
        moved = np.abs(stepped - ranks).sum()
        ranks = stepped
        if moved < _CLOSE:
            break
    return ranks
