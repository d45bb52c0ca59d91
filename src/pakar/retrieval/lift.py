"""The summary finds, the content proves: how a summary that was found helps what it sums up.

Knows passages and scores; neither stores nor models. Summaries themselves are no answer: they are
taken out, unless they are asked for by their kind.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import neg

from pakar.types import Passage


def summed_up(passages: Mapping[str, Passage], scores: Mapping[str, float], most: int) -> list[str]:
    """The documents of the best-scored summaries, at most so many, the best first."""
    found = [key for key, passage in passages.items() if not passage.is_verbatim]
    found.sort(key=lambda key: (-scores[key], key))
    return list(dict.fromkeys(passages[key].document for key in found))[:most]


def reaches(
    passages: Mapping[str, Passage], scores: Mapping[str, float], k: int, weight: float
) -> bool:
    """Whether `weight` times the best summary's score is as much as the k-th best content has.

    A passage that is no candidate yet has next to no score of its own, so that this bounds what a
    summary can make of it.
    """
    content = sorted((scores[key] for key, one in passages.items() if one.is_verbatim), key=neg)
    best = max((scores[key] for key, one in passages.items() if not one.is_verbatim), default=0.0)
    return len(content) < k or weight * best >= content[k - 1]


def best_summaries(
    passages: Iterable[tuple[str, Passage]], scores: Mapping[str, float]
) -> dict[str, float]:
    """The score of the best summary that covers each passage, by the passage's id.

    Covered is a passage that begins in the summary's span. Those without one are left out.
    """
    of_document: dict[str, list[tuple[int, int, float]]] = {}
    content: list[tuple[str, Passage]] = []
    for key, passage in passages:
        if passage.is_verbatim:
            content.append((key, passage))
        else:
            span = (passage.start, passage.end, scores[key])
            of_document.setdefault(passage.document, []).append(span)
    covered = {key: _covering(passage, of_document) for key, passage in content}
    return {key: max(found) for key, found in covered.items() if found}


def lifted(
    scores: Mapping[str, float], summaries: Mapping[str, float], *, weight: float
) -> dict[str, float]:
    """Each score, drawn by `weight` towards its summary's where that one is higher.

    A summary never lowers a score. So documents too short for a summary are at no disadvantage:
    their passage says itself all that a summary could.
    """
    return {
        key: score + weight * max(0.0, summaries.get(key, 0.0) - score)
        for key, score in scores.items()
    }


def _covering(
    passage: Passage, of_document: Mapping[str, Sequence[tuple[int, int, float]]]
) -> list[float]:
    spans = of_document.get(passage.document, ())
    return [score for start, end, score in spans if start <= passage.start < end]
