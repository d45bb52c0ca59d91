"""What the words of a question mean in one table: operations, columns, cells, numbers, dates.

Every token gets one meaning or none; of overlapping ones the longest holds. A token without a
meaning makes the question one that is not computed. Knows nothing of how meanings are put together.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

from pakar.computing.tables import Column, Table
from pakar.computing.tokens import Days, Quantity, Token, days, quantity, tokens
from pakar.computing.values import Cell, Profile
from pakar.computing.words import Lexicon, Words, lexicon, meaning, split

ItemKind = Literal["operation", "column", "cell", "number", "date", "table", "idle"]
LONGEST = 8
_BRACKETS = re.compile(r"[(\[]([^)\]]*)[)\]]")
_CLOSE = 0.88
_LEAST_FUZZY = 6
# Of readings that are equally long, the earlier one holds.
_RANK: tuple[ItemKind, ...] = (
    "operation", "cell", "column", "date", "number", "table", "idle",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Item:
    """Tokens `start` to `end` (exclusive) and what they mean.

    `operations` are those that the words can ask for; `columns` and `cells` those they can name:
    more than one is an ambiguity that what stands beside it may resolve. `exact` says that the
    name was written in full.
    """

    kind: ItemKind
    start: int
    end: int
    operations: tuple[str, ...] = ()
    columns: tuple[Column, ...] = ()
    cells: tuple[Cell, ...] = ()
    quantity: Quantity | None = None
    days: Days | None = None
    exact: bool = True

    @property
    def length(self) -> int:
        return self.end - self.start

    def asks(self, *operations: str) -> bool:
        return any(one in self.operations for one in operations)


@dataclass(frozen=True, slots=True)
class Linked:
    """A question as items in order; `unknown` are tokens without a meaning in this table."""

    items: tuple[Item, ...]
    unknown: tuple[str, ...] = ()
    clashes: tuple[str, ...] = field(default=())


def link(question: str, table: Table, profile: Profile, language: str) -> Linked:
    """The meanings of all tokens in this table."""
    found = tokens(question)
    words = lexicon(language)
    candidates = [
        *_operations(found, words),
        *_columns(found, table),
        *_cells(found, profile),
        *_amounts(found, words, language),
        *_tables(found, table),
        *_idle(found, words, table),
    ]
    candidates.sort(key=lambda one: (-one.length, not one.exact, _RANK.index(one.kind), one.start))
    taken: list[Item] = []
    for one in candidates:
        if not any(one.start < other.end and other.start < one.end for other in taken):
            taken.append(one)
    taken.sort(key=lambda one: one.start)
    held = {at for one in taken for at in range(one.start, one.end)}
    unknown = tuple(one.text for at, one in enumerate(found) if at not in held)
    return Linked(tuple(taken), unknown, tuple(_clashes(taken, candidates, found)))


def mentions(question: str, table: Table) -> bool:
    """Whether a question may be about the table: it names a column or the table itself."""
    return not _named(table).isdisjoint(meaning(one.folded) for one in tokens(question))


@lru_cache(maxsize=4096)
def _named(table: Table) -> frozenset[str]:
    """The words of the table's columns and of its own name."""
    columns = (word for one in table.columns for word in split(one.name))
    return frozenset(meaning(word) for word in (*columns, *_own_words(table)))


def _own_words(table: Table) -> Words:
    stem = table.document.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    return tuple(one for one in (*split(table.name), *split(stem)) if not one.isdecimal())


def names_table(question: str, table: Table) -> bool:
    """Whether the question has a word of the table's or its document's name."""
    return any(True for _ in _tables(tokens(question), table))


def _clashes(
    taken: Sequence[Item], candidates: Sequence[Item], found: Sequence[Token]
) -> Iterator[str]:
    """Words that are a column's name in full and a cell's as well."""
    cells = {(one.start, one.end): one for one in candidates if one.kind == "cell" and one.exact}
    for one in candidates:
        if one.kind == "column" and one.exact and (one.start, one.end) in cells:
            yield " ".join(token.text for token in found[one.start : one.end])


def _operations(found: Sequence[Token], words: Lexicon) -> Iterator[Item]:
    for start, end in _spans(found):
        kinds = words.operations.get(tuple(one.folded for one in found[start:end]))
        if kinds:
            yield Item("operation", start, end, operations=kinds)


def _columns(found: Sequence[Token], table: Table) -> Iterator[Item]:
    names = [(column, _name(column.name)) for column in table.columns]
    for start, end in _spans(found):
        said = tuple(one.folded for one in found[start:end])
        whole = [column for column, name in names if name == said]
        if not whole:
            meant = tuple(meaning(one) for one in said)
            whole = [c for c, name in names if sorted(map(meaning, name)) == sorted(meant)]
        if whole:
            yield Item("column", start, end, columns=tuple(whole))
            continue
        meant_set = {meaning(one) for one in said}
        parts = [c for c, name in names if meant_set <= {meaning(one) for one in name}]
        if parts and len(meant_set) == len(said):
            yield Item("column", start, end, columns=tuple(parts), exact=False)


def _name(name: str) -> Words:
    """A column's words without a unit in brackets: "Fee (IDR)" is called fee."""
    bare = name.split("(")[0].split("[")[0]
    return split(bare) or split(name)


def _cells(found: Sequence[Token], profile: Profile) -> Iterator[Item]:
    for start, end in _spans(found):
        said = tuple(one.folded for one in found[start:end])
        cells = profile.exact.get(said)
        if cells:
            yield Item("cell", start, end, cells=cells)
            continue
        cells = profile.alike.get(tuple(meaning(one) for one in said))
        if not cells and found[start].text[0].isupper():
            # Only what is written as a name: "median" is no slip of "Medan".
            cells = _near(said, profile)
        if cells:
            yield Item("cell", start, end, cells=cells, exact=False)


def _near(said: Words, profile: Profile) -> tuple[Cell, ...]:
    """The only cells that differ by a slip of the pen, behind the first letter."""
    text = " ".join(said)
    if text.isdecimal() or len(text) < _LEAST_FUZZY:
        return ()
    spoken = {
        " ".join(words): words
        for words in profile.initial.get(text[0], ())
        if len(words) == len(said)
    }
    close = difflib.get_close_matches(text, spoken, n=2, cutoff=_CLOSE)
    return profile.exact[spoken[close[0]]] if len(close) == 1 else ()


def _amounts(found: Sequence[Token], words: Lexicon, language: str) -> Iterator[Item]:
    for at in range(len(found)):
        span, taken = days(found, at, words, language)
        if taken:
            yield Item("date", at, at + taken, days=span, quantity=_year_number(found, at, taken))
        amount, taken = quantity(found, at, words, language)
        if taken:
            yield Item("number", at, at + taken, quantity=amount)


def _year_number(found: Sequence[Token], at: int, taken: int) -> Quantity | None:
    """A bare year may be a number too."""
    last = found[at + taken - 1].text
    return Quantity(int(last)) if taken <= 2 and len(last) == 4 and last.isdecimal() else None


def _tables(found: Sequence[Token], table: Table) -> Iterator[Item]:
    named = {meaning(one) for one in _own_words(table)}
    for at, one in enumerate(found):
        if len(one.folded) > 2 and meaning(one.folded) in named:
            yield Item("table", at, at + 1)


def _idle(found: Sequence[Token], words: Lexicon, table: Table) -> Iterator[Item]:
    """Words that ask for nothing, and units that stand in brackets behind a column's name."""
    units = {
        meaning(unit)
        for one in table.columns
        for part in _BRACKETS.findall(one.name)
        for unit in split(part)
    }
    for at, one in enumerate(found):
        if one.folded in words.ignorable or meaning(one.folded) in units:
            yield Item("idle", at, at + 1)


def _spans(found: Sequence[Token]) -> Iterator[tuple[int, int]]:
    for start in range(len(found)):
        for end in range(start + 1, min(start + LONGEST, len(found)) + 1):
            yield start, end
