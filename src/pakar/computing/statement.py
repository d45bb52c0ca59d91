"""A statement: a table with a figure a row and a period a column, as annual reports have it.

Reads headers of several rows, sections, and amounts in brackets. Knows no question.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

from pakar.computing.amounts import Amount, amount
from pakar.computing.sandbox import Cell, QueryStoppedError
from pakar.computing.tables import DOCUMENT, END, PLACE, START, Table
from pakar.computing.words import meaning, split
from pakar.language.terms import stem

MOST_ROWS = 300
MOST_COLUMNS = 30
_MOST_HEADERS = 5
YEAR = re.compile(r"(?<!\d)((?:19|20)\d\d)(?!\d)|\bF[YQ]?\s?'?(\d\d)\b")
NOTE = re.compile(r"\(\s*(?:\d{1,2}|[a-z])\s*\)")
_UNNAMED = re.compile(r"(?:(?:unnamed:?|column|kolom)[ _]?(?:\d+|[A-Z]{1,3}))?", re.IGNORECASE)
# "(in millions)", "US$'000", "dalam jutaan rupiah": in which unit all figures are.
_SCALE = r"(?:thousands?|millions?|billions?|ribuan|jutaan|miliaran|ribu|juta|miliar|000s?)"
IN_UNITS = re.compile(
    rf"\(\s*(?:in|dalam|[$€£])[^()]*\)|\b(?:in|dalam)\s+(?:[A-Z$€£.]+\s+)?{_SCALE}\b[^()]*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Period:
    """A column of figures: its place in the table, its header's words, the years in it."""

    column: int
    words: frozenset[str]
    years: frozenset[int]
    header: str


@dataclass(frozen=True, slots=True)
class Line:
    """A row of figures by column. `section` are the words of the heading above it."""

    label: str
    words: frozenset[str]
    section: frozenset[str]
    amounts: Mapping[int, Amount]
    place: str
    document: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Statement:
    """The lines and periods of a table that is one; `about` are words of its headers.

    `scale` is what the headers say of all figures, such as "in millions"; "" for nothing.
    """

    lines: tuple[Line, ...]
    periods: tuple[Period, ...]
    about: frozenset[str]
    scale: str = ""


def statement(table: Table, language: str) -> Statement | None:
    """The table as a statement, its words ready for a question of that language; None if none."""
    if not 0 < table.rows <= MOST_ROWS or not 2 <= len(table.columns) <= MOST_COLUMNS:
        return None
    try:
        stat = table.path.stat()
    except OSError as error:
        raise QueryStoppedError(f"{table.path.name}: {error.strerror}") from error
    return _statement(table, table.path, language, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=2048)
def _statement(
    table: Table, path: Path, language: str, changed: int, size: int
) -> Statement | None:
    names = [one.name for one in table.columns]
    rows = _read(path, names)
    first = ["" if _UNNAMED.fullmatch(name) else _without_suffix(name, names) for name in names]
    units = [one.unit for one in table.columns]
    return from_rows([first], _with_units(rows, units), len(names), language)


def _read(path: Path, names: Sequence[str]) -> list[tuple[Cell, ...]]:
    """All rows in the source's order, each with its place, document, start and end."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        found = pq.read_table(path, columns=[*names, PLACE, DOCUMENT, START, END])
    except (OSError, pa.ArrowException) as error:
        raise QueryStoppedError(f"{path.name}: {error}".splitlines()[0][:200]) from error
    rows = list(zip(*(column.to_pylist() for column in found.columns), strict=True))
    return sorted(rows, key=lambda row: (str(row[-3]), int(str(row[-2]))))


def _with_units(rows: Sequence[Sequence[Cell]], units: Sequence[str]) -> list[list[Cell]]:
    """Numbers of a column that has a unit as amounts of it."""
    return [
        [
            Amount(Decimal(str(cell)), units[at])
            if at < len(units) and units[at] and _is_number(cell)
            else cell
            for at, cell in enumerate(row)
        ]
        for row in rows
    ]


def _without_suffix(name: str, names: Sequence[str]) -> str:
    """A name that was made unique by a number at its end, as the source has it."""
    bare = re.sub(r"(?: \(\d+\)|[_.]\d+)$", "", name)
    return bare if bare in names else name


def from_rows(
    headers: list[list[str]], rows: Sequence[Sequence[Cell]], width: int, language: str
) -> Statement | None:
    """Of header rows, and rows whose last four cells are place, document, start and end."""
    at = 0
    while at < min(len(rows), _MOST_HEADERS) and not _has_figures(rows[at], width):
        headers = [*headers, [_text(one) for one in rows[at][:width]]]
        at += 1
    # What stands alone in the first column right above the figures is a section, not a header.
    section = _alone(headers[-1]) if len(headers) > 1 else ""
    if section:
        headers = headers[:-1]
    periods = _periods(headers, width, language)
    lines = _lines(rows[at:], width, section, language)
    if not lines or not any(one.years for one in periods):
        return None
    about = frozenset().union(*(_words(text, language) for row in headers for text in row))
    said = (
        match.group().strip("() ")
        for row in headers
        for match in map(IN_UNITS.search, row)
        if match
    )
    return Statement(tuple(lines), tuple(periods), about, next(said, ""))


def _has_figures(row: Sequence[Cell], width: int) -> bool:
    """Figures that are no years of a header."""
    found = [one for cell in row[1:width] if (one := _amount(cell)) is not None]
    years = all(_is_year(one) for one in found)
    return bool(found) and not years


def _is_year(one: Amount) -> bool:
    return not one.unit and 1900 <= one.value <= 2100 and one.value == int(one.value)


def _alone(row: Sequence[str]) -> str:
    return row[0] if row[0] and not any(row[1:]) else ""


def _periods(headers: Sequence[Sequence[str]], width: int, language: str) -> list[Period]:
    """Each column with all that stands above it; a header spans the empty ones to its right."""
    above = [_spread(row, last=at == len(headers) - 1) for at, row in enumerate(headers)]
    found = []
    for column in range(1, width):
        texts = [row[column] for row in above if row[column]]
        text = NOTE.sub("", " ".join(dict.fromkeys(texts))).strip()
        header = " ".join(IN_UNITS.sub(" ", text).split())
        found.append(Period(column, _words(text, language), years_of(text), header))
    return found


def _spread(row: Sequence[str], *, last: bool) -> list[str]:
    if last or not any(row[1:]):
        return list(row)
    spread, current = [row[0]], ""
    for text in row[1:]:
        bare = "" if IN_UNITS.fullmatch(text) else text
        current = bare or current
        spread.append(bare or current)
    if len([one for one in row[1:] if one]) == 1:
        # One header above all of them, wherever it was written.
        return [row[0], *([next(one for one in row[1:] if one)] * (len(row) - 1))]
    return spread


def _lines(rows: Sequence[Sequence[Cell]], width: int, section: str, language: str) -> list[Line]:
    found = []
    for row in rows:
        label = NOTE.sub("", _text(row[0])).strip()
        amounts = {
            column: one for column in range(1, width) if (one := _amount(row[column])) is not None
        }
        if not amounts:
            section = label if label and not any(map(_text, row[1:width])) else section
            continue
        if label:
            place, document, start, end = row[width : width + 4]
            words, above = _words(label, language), _words(section, language)
            where = (str(place), str(document), int(str(start)), int(str(end)))
            found.append(Line(label, words, above, amounts, *where))
    return found


def years_of(text: str) -> frozenset[int]:
    """The years that a text names: 2019, FY19, F19."""
    return frozenset(int(full) if full else 2000 + int(short) for full, short in YEAR.findall(text))


def _amount(cell: Cell) -> Amount | None:
    if isinstance(cell, Amount):
        return cell
    return None if isinstance(cell, bool) else amount(_text(cell))


def _is_number(cell: Cell) -> bool:
    if isinstance(cell, bool) or not isinstance(cell, int | float | Decimal):
        return False
    return math.isfinite(cell)


def _text(cell: Cell) -> str:
    """A cell as a header or an amount is read; 2019.0 is what a reader made of 2019."""
    if isinstance(cell, Amount):
        cell = cell.value
    if isinstance(cell, float | Decimal) and _is_number(cell) and cell == int(cell):
        return str(int(cell))
    return "" if cell is None else str(cell).strip()


def _words(text: str, language: str) -> frozenset[str]:
    return content(split(IN_UNITS.sub(" ", text) if "(" in text else text), language)


def content(words: Iterable[str], language: str) -> frozenset[str]:
    """The words that say something, as they are compared; numbers are left out.

    English statements keep words apart that a glossary holds for one: costs are no charges.
    """
    return frozenset(
        stem(one, "en") if language == "en" else meaning(one)
        for one in words
        if one not in _SMALL and one[0].isalpha()
    )


_SMALL = frozenset(
    "the a an of in on for at by and or to from with as than s yang dan di dari pada untuk".split()
)
