"""Measures of answers and rankings: plain functions of texts and lists.

Definitions are those of the field's reference implementations, against which the tests check
them. Knows nothing of routes or files.
"""

from __future__ import annotations

import math
import re
import string
from collections import Counter
from collections.abc import Collection, Sequence

_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)


def token_f1(answer: str, references: Sequence[str]) -> float:
    """The best F1 of shared tokens with any reference, from 0 to 1, as SQuAD defines it.

    Case, ASCII punctuation and English articles do not count (Rajpurkar et al., 2016). Both empty
    gives 1, one empty 0; no references give 0.
    """
    return max((_f1(_tokens(answer), _tokens(reference)) for reference in references), default=0.0)


def exact_match(answer: str, references: Sequence[str]) -> float:
    """1 where the answer has the same tokens as any reference, in order, as SQuAD defines it."""
    return float(any(_tokens(answer) == _tokens(reference) for reference in references))


def ndcg(ranking: Sequence[str], relevant: Collection[str], k: int) -> float:
    """nDCG@k with binary relevance and log2 discount; 0 where nothing is relevant.

    An item that is ranked twice counts at its first place only.
    """
    places = list(dict.fromkeys(ranking))[:k]
    gain = sum(_discount(place) for place, item in enumerate(places) if item in relevant)
    best = sum(_discount(place) for place in range(min(k, len(set(relevant)))))
    return gain / best if best else 0.0


def recall(ranking: Sequence[str], relevant: Collection[str], k: int) -> float:
    """Share of the relevant items among the first k; 0 where nothing is relevant."""
    wanted = set(relevant)
    return len(wanted & set(list(dict.fromkeys(ranking))[:k])) / len(wanted) if wanted else 0.0


def reciprocal_rank(ranking: Sequence[str], relevant: Collection[str]) -> float:
    """1 over the place of the first relevant item; 0 where none is ranked."""
    for place, item in enumerate(dict.fromkeys(ranking), start=1):
        if item in relevant:
            return 1.0 / place
    return 0.0


def _discount(place: int) -> float:
    return 1.0 / math.log2(place + 2)


def _tokens(text: str) -> list[str]:
    return _ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split()


def _f1(answer: list[str], reference: list[str]) -> float:
    if not answer or not reference:
        return float(answer == reference)
    shared = sum((Counter(answer) & Counter(reference)).values())
    return 2 * shared / (len(answer) + len(reference))
