"""Near copies of a text among many, by the words and pairs of words that they share.

Exact, not sampled: an inverted index over the rarest pieces finds the candidates. Texts with other
numbers in them are no copies: "fee 50" and "fee 60" teach different things. Knows no examples.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from math import ceil

from pakar.language.terms import is_number, words

Pieces = frozenset[str]


def pieces(text: str) -> Pieces:
    """The words and the pairs of neighbouring words of a text."""
    found = words(text)
    return frozenset(found) | {f"{one} {two}" for one, two in pairwise(found)}


def numbers(text: str) -> frozenset[str]:
    return frozenset(word for word in words(text) if is_number(word))


def jaccard(one: Pieces, other: Pieces) -> float:
    """Shared pieces by all pieces, 0 to 1; 0 where both are empty."""
    together = len(one | other)
    return len(one & other) / together if together else 0.0


def near_copies(texts: Sequence[str], threshold: float) -> dict[int, int]:
    """For each text that is a near copy of an earlier one that stays: its number to the earlier's.

    Prefix filtering (Bayardo, Ma and Srikant 2007): two sets can reach the threshold only if they
    share one of their rarest pieces, so only those are indexed.
    """
    sets = [pieces(text) for text in texts]
    figures = [numbers(text) for text in texts]
    counts = Counter(piece for one in sets for piece in one)
    kept: dict[str, list[int]] = {}
    copies: dict[int, int] = {}
    for number, one in enumerate(sets):
        rare = sorted(one, key=lambda piece: (counts[piece], piece))
        rare = rare[: len(rare) - ceil(threshold * len(rare)) + 1]
        candidates = sorted({other for piece in rare for other in kept.get(piece, ())})
        for other in candidates:
            if figures[other] == figures[number] and jaccard(one, sets[other]) >= threshold:
                copies[number] = other
                break
        else:
            for piece in rare:
                kept.setdefault(piece, []).append(number)
    return copies
