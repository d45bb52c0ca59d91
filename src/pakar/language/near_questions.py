"""Short texts that are near-copies of each other: the same letters, or the same content words.

For questions, whose few words are often inflected or swapped; `near` is for whole examples.

Similarity is Jaccard's over runs of four letters (Broder, 1997), after letter case, punctuation and
spaces are made equal. Texts whose words are the same but for order and function words count as the
same, and texts with other numbers in them are no copies. Knows texts only.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pakar.language.near import numbers
from pakar.language.stopwords import stopwords
from pakar.language.terms import words

NEAR = 0.75
_RUN = 4
_SPACES = re.compile(r"[\W_]+")
# A run that stands in so many texts tells none of them apart; more of them only cost time.
_COMMON = 2_000
_LANGUAGES = ("en", "id")


@dataclass(frozen=True, slots=True)
class Match:
    """The text at `index` is a near-copy of the known text at `known`; 1 is the same text."""

    index: int
    known: int
    similarity: float


def nearest_known(texts: Sequence[str], known: Sequence[str]) -> Iterator[Match]:
    """For each text its nearest among the known ones, where that is a near-copy."""
    seen = _Seen()
    for text in known:
        seen.add(text)
    for index, text in enumerate(texts):
        match = seen.nearest(text, index)
        if match is not None:
            yield match


def doubles(texts: Sequence[str]) -> Iterator[Match]:
    """Each text that is a near-copy of one before it."""
    seen = _Seen()
    for index, text in enumerate(texts):
        match = seen.nearest(text, index)
        if match is not None:
            yield match
        seen.add(text)


class _Seen:
    """Texts by their runs of letters."""

    def __init__(self) -> None:
        self._runs: list[frozenset[str]] = []
        self._places: dict[str, list[int]] = defaultdict(list)
        self._numbers: list[frozenset[str]] = []
        self._by_words: dict[tuple[str, ...], int] = {}

    def add(self, text: str) -> None:
        runs = _runs(text)
        for run in runs:
            if len(self._places[run]) < _COMMON:
                self._places[run].append(len(self._runs))
        self._by_words.setdefault(_content(text), len(self._runs))
        self._runs.append(runs)
        self._numbers.append(numbers(text))

    def nearest(self, text: str, index: int) -> Match | None:
        same = self._by_words.get(_content(text))
        if same is not None:
            return Match(index, same, 1.0)
        runs = _runs(text)
        shared: Counter[int] = Counter()
        for run in runs:
            shared.update(self._places.get(run, ()))
        own = numbers(text)
        near = [
            (count / len(runs | self._runs[known]), -known)
            for known, count in shared.items()
            if self._numbers[known] == own
        ]
        similarity, known = max(near, default=(0.0, 0))
        return Match(index, -known, similarity) if similarity >= NEAR else None


def plain(text: str) -> str:
    """Letter case, punctuation and spaces made equal."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return _SPACES.sub(" ", folded).strip()


def _content(text: str) -> tuple[str, ...]:
    """The words that are no function words, sorted; all of them where there is nothing else."""
    used = words(text)
    content = [word for word in used if not any(word in stopwords(code) for code in _LANGUAGES)]
    return tuple(sorted(content)) or (plain(text) or text,)


def _runs(text: str) -> frozenset[str]:
    padded = f" {plain(text)} "
    return frozenset(padded[at : at + _RUN] for at in range(max(1, len(padded) - _RUN + 1)))
