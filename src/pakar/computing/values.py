"""The words of a table's text columns, so that a question's words are found among its cells.

Reads each file once; columns with very many different values are left out of the inexact index
and asked for exact ones only. Knows no question.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pakar.computing.sandbox import Limits, QueryStoppedError, Sandbox
from pakar.computing.sql import TABLE, Sql, quoted
from pakar.computing.tables import Table
from pakar.computing.words import Words, meaning, split

# With more different values a column is one of names or notes: only whole values are looked up.
MOST_VALUES = 2_000
LONGEST_VALUE = 80
# Counting the values of a large table is done once, and may take longer than a question.
_PATIENT = Limits(seconds=30.0, memory_mb=1024)
_TOTALS = frozenset({"total", "totals", "subtotal", "jumlah", "grand", "keseluruhan", "sum"})


@dataclass(frozen=True, slots=True)
class Cell:
    """Text that stands in a column, as the source writes it in all its spellings of case."""

    column: str
    spellings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Profile:
    """What stands in a table's text columns.

    `exact` and `alike` find cells by their words: as written, or by meaning; `initial` has the
    texts that begin with a letter. `distinct` and `filled` count values by column; `large` are
    columns that are not in the index; `has_totals`: a row seems to sum up others.
    """

    exact: Mapping[Words, tuple[Cell, ...]]
    alike: Mapping[Words, tuple[Cell, ...]]
    initial: Mapping[str, tuple[Words, ...]]
    distinct: Mapping[str, int]
    filled: Mapping[str, int]
    large: frozenset[str]
    has_totals: bool

    def is_unique(self, column: str) -> bool:
        """Whether every filled cell of the column is the only one of its value."""
        return self.filled.get(column, 0) == self.distinct.get(column, -1)


def profile(table: Table) -> Profile:
    """Reads the table's values; the last tables' are kept until their file changes."""
    try:
        stat = table.path.stat()
    except OSError as error:
        raise QueryStoppedError(f"{table.path.name}: {error.strerror}") from error
    return _profile(table, table.path, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=256)
def _profile(table: Table, path: Path, changed: int, size: int) -> Profile:
    names = [one.name for one in table.columns if one.kind in ("text", "whole", "date", "number")]
    texts = [one.name for one in table.columns if one.kind == "text"]
    with Sandbox(path, _PATIENT) as box:
        distinct, filled = _counts(box, names)
        small = [name for name in texts if distinct[name] <= MOST_VALUES]
        cells = [cell for name in small for cell in _cells(name, _values(box, name))]
    exact: dict[Words, list[Cell]] = {}
    alike: dict[Words, list[Cell]] = {}
    for cell in cells:
        words = split(cell.spellings[0])
        if words:
            exact.setdefault(words, []).append(cell)
            alike.setdefault(tuple(meaning(one) for one in words), []).append(cell)
    return Profile(
        exact={words: tuple(found) for words, found in exact.items()},
        alike={words: tuple(found) for words, found in alike.items()},
        initial=_by_initial(exact),
        distinct=distinct,
        filled=filled,
        large=frozenset(texts) - frozenset(small),
        has_totals=any(words[0] in _TOTALS for words in exact),
    )


def _by_initial(known: Iterable[Words]) -> dict[str, tuple[Words, ...]]:
    found: dict[str, list[Words]] = {}
    for words in known:
        found.setdefault(words[0][0], []).append(words)
    return {letter: tuple(some) for letter, some in found.items()}


def _counts(box: Sandbox, names: list[str]) -> tuple[dict[str, int], dict[str, int]]:
    if not names:
        return {}, {}
    parts = [f"count(DISTINCT {quoted(name)}), count({quoted(name)})" for name in names]
    row = box.rows(Sql(f"SELECT {', '.join(parts)} FROM {quoted(TABLE)}"))[0]
    counts = [int(str(one)) for one in row]
    return dict(zip(names, counts[::2], strict=True)), dict(zip(names, counts[1::2], strict=True))


def _values(box: Sandbox, name: str) -> list[str]:
    column = quoted(name)
    found: list[str] = []
    sql = f"SELECT DISTINCT {column} FROM {quoted(TABLE)} WHERE length({column}) <= {LONGEST_VALUE}"
    for offset in range(0, MOST_VALUES, 1000):
        page = f"{sql} ORDER BY {column} LIMIT 1000 OFFSET {offset}"
        found += [str(row[0]) for row in box.rows(Sql(page))]
    return found


def _cells(column: str, values: Iterable[str]) -> list[Cell]:
    spellings: dict[Words, list[str]] = {}
    for value in values:
        spellings.setdefault(split(value), []).append(value)
    return [Cell(column, tuple(found)) for found in spellings.values()]
