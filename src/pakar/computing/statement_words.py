"""A question about a statement in parts: what is asked, of which years, in which words.

Knows the phrases of `phrases/LANGUAGE/statements.txt`; knows no statement.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from types import MappingProxyType

from pakar.computing.statement import YEAR, years_of
from pakar.computing.tokens import number
from pakar.computing.words import TOKEN, Words, fold, grouped_phrases, lexicon

_SPAN = re.compile(r"\b((?:19|20)\d\d)\s*(?:-|–|—|to|through|sampai|hingga)\s*((?:19|20)\d\d)\b")
_IN_BRACKETS = re.compile(r"\(\s*(?:in|dalam)\s[^()]*\)", re.IGNORECASE)
_LONGEST = 6
_CONTENT_FREE = ("join", "idle", "years")


@dataclass(frozen=True, slots=True)
class Word:
    """A word of the question; `needed` is false for one that says nothing unless a label has it.

    `asks`: it could also say what to work out, so that a header alone does not explain it.
    """

    text: str
    needed: bool
    joins: bool = False
    asks: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """One reading of a question's words.

    `before` and `after` are the words around the operation's; `threshold` is a number that is
    compared with. `years` in order of time; `spans` says that a first and a last year were named,
    `backwards` that the later one was named first: "from 2019 to 2018". `said` are the words of
    the operation itself.
    """

    operations: tuple[str, ...]
    before: tuple[Word, ...]
    after: tuple[Word, ...]
    years: tuple[int, ...]
    spans: bool
    backwards: bool
    threshold: Decimal | None
    months: frozenset[str]
    said: tuple[Word, ...]

    @property
    def words(self) -> tuple[Word, ...]:
        return self.before + self.after


@dataclass(frozen=True, slots=True)
class _Piece:
    text: str
    kinds: tuple[str, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _When:
    years: tuple[int, ...]
    spans: bool
    backwards: bool


@lru_cache(maxsize=16)
def readings(question: str, language: str) -> tuple[Asked, ...]:
    """Every way to take the question's operations as such, or as words of a label."""
    text = _blanked(question, _IN_BRACKETS)
    years = tuple(sorted(years_of(text)))
    span = _SPAN.search(text)
    when = _When(years, span is not None, span is not None and span[1] > span[2])
    words = _words(_blanked(_blanked(text, _SPAN), YEAR), language)
    found = []
    for taken in _choices(words):
        read = _asked(words, taken, language, when)
        if read is not None:
            found.append(read)
    return tuple(found)


@lru_cache(maxsize=16)
def may_ask(question: str, language: str) -> bool:
    """Whether the question names a year or something to work out, so that it may be for one."""
    if years_of(question):
        return True
    return any(_operations(one) for one in _words(question, language))


def _blanked(text: str, pattern: re.Pattern[str]) -> str:
    return pattern.sub(lambda match: " " * len(match.group()), text)


def _words(text: str, language: str) -> list[_Piece]:
    """Tokens, and phrases of several as one; the longest phrase holds."""
    matches = list(TOKEN.finditer(text.replace("/", " ")))
    folded = [fold(one.group()) for one in matches]
    known = _phrases(language)
    pieces, at = [], 0
    while at < len(folded):
        for length in range(min(_LONGEST, len(folded) - at), 0, -1):
            phrase = tuple(folded[at : at + length])
            if length == 1 or phrase in known:
                start, end = matches[at].start(), matches[at + length - 1].end()
                pieces.append(_Piece(" ".join(phrase), known.get(phrase, ()), start, end))
                at += length
                break
    return pieces


@lru_cache(maxsize=4)
def _phrases(language: str) -> Mapping[Words, tuple[str, ...]]:
    return MappingProxyType(grouped_phrases(language, "statements"))


def _choices(words: Sequence[_Piece]) -> list[tuple[int, ...]]:
    """Which pieces are taken as operations: none, one, or a year's with a comparison."""
    single = [at for at, one in enumerate(words) if _operations(one)]
    asks = [at for at in single if words[at].kinds[0] in ("which year", "how many years")]
    compared = [at for at in single if set(words[at].kinds) & {"highest", "lowest", "more", "less"}]
    if asks:
        return [(asks[0], at) for at in compared]
    return [(), *((at,) for at in single if at not in compared)]


def _operations(piece: _Piece) -> tuple[str, ...]:
    return tuple(one for one in piece.kinds if one not in _CONTENT_FREE)


def _asked(
    pieces: Sequence[_Piece], taken: tuple[int, ...], language: str, when: _When
) -> Asked | None:
    """None where the question has numbers that are neither years, days nor compared with."""
    months = {word[0] for word, kind in lexicon(language).calendar.items() if kind.isdigit()}
    threshold: Decimal | None = None
    sides: tuple[list[Word], list[Word]] = ([], [])
    named: set[str] = set()
    for at, piece in enumerate(pieces):
        if at in taken:
            continue
        if piece.text[0].isdigit():
            if at and pieces[at - 1].text in months:
                continue  # a day
            value = number(piece.text, language)
            if value is None or threshold is not None or not _compares(pieces, taken, at):
                return None
            threshold = Decimal(str(value))
            continue
        if piece.text in months:
            named.add(piece.text)
            continue
        side = sides[1] if taken and at > taken[-1] else sides[0]
        side += _spoken(piece)
    return Asked(
        operations=tuple(one for at in taken for one in _operations(pieces[at])[:1]),
        before=tuple(sides[0]),
        after=tuple(sides[1]),
        years=when.years,
        spans=when.spans,
        backwards=when.backwards,
        threshold=threshold,
        months=frozenset(named),
        said=tuple(word for at in taken for word in _spoken(pieces[at])),
    )


def _spoken(piece: _Piece) -> list[Word]:
    joins, asks = "join" in piece.kinds, bool(_operations(piece))
    needed = asks or not set(piece.kinds) & set(_CONTENT_FREE)
    return [Word(one, needed, joins, asks) for one in piece.text.split() if one[0].isalpha()]


def _compares(pieces: Sequence[_Piece], taken: tuple[int, ...], at: int) -> bool:
    """Whether the number stands right behind a comparison, a sign of money between them or not."""
    before = at - 1
    while before >= 0 and not pieces[before].text[0].isalnum():
        before -= 1
    return before in taken and bool(set(pieces[before].kinds) & {"more", "less"})
