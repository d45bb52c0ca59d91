"""Puts the scores of two retrievers into one.

Knows numbers only: neither passages nor stores. A weighted sum of normalised scores, because it
beat reciprocal rank fusion on the data that pakar is developed on (docs/measurements.md).
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)


def fuse(
    vector: Mapping[Key, float],
    words: Mapping[Key, float],
    *,
    vector_weight: float,
    floor: float | None = None,
) -> dict[Key, float]:
    """One score in [0, 1] for each key of either mapping.

    Cosine similarities are spread from the lowest candidate (0) to the highest (1): models such as
    E5 press them into a narrow band whose floor means nothing. BM25 scores are divided by the
    highest: their zero means that no word was found. A key missing in `words` has 0 there; a key
    missing in `vector` counts as the lowest candidate, and so does one below `floor`.
    """
    near = _spread(vector, floor)
    found = _share(words)
    return {
        key: vector_weight * near.get(key, 0.0) + (1.0 - vector_weight) * found.get(key, 0.0)
        for key in vector.keys() | words.keys()
    }


def add_support(
    scores: Mapping[Key, float], groups: Mapping[Key, Hashable], *, weight: float
) -> dict[Key, float]:
    """Adds to each score `weight` times the best other score of the same group.

    A document with a second good passage is more likely to be about the question than one with a
    single lucky passage.
    """
    best: dict[Hashable, tuple[float, float]] = {}
    for key, score in scores.items():
        first, second = best.get(groups[key], (0.0, 0.0))
        best[groups[key]] = (score, first) if score > first else (first, max(second, score))
    supported = {}
    for key, score in scores.items():
        first, second = best[groups[key]]
        supported[key] = score + weight * (second if score == first else first)
    return supported


def _spread(scores: Mapping[Key, float], floor: float | None) -> dict[Key, float]:
    if not scores:
        return {}
    low, high = min(scores.values()), max(scores.values())
    low = low if floor is None else min(max(low, floor), high)
    if high <= low:
        return {key: float(score >= low) for key, score in scores.items()}
    return {key: max(0.0, score - low) / (high - low) for key, score in scores.items()}


def _share(scores: Mapping[Key, float]) -> dict[Key, float]:
    high = max(scores.values(), default=0.0)
    if high <= 0:
        return dict.fromkeys(scores, 0.0)
    return {key: max(score, 0.0) / high for key, score in scores.items()}
