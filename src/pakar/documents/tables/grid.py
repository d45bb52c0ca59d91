"""From a grid of cells (a sheet, a CSV file) to a table: header found, the rest streamed.

Knows rows of cells with their numbers. Knows no file format.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice

from pakar.documents.builder import clean
from pakar.documents.tables.header import find_header
from pakar.documents.tables.model import MOST_COLUMNS, RawTable, Row, cell_range
from pakar.errors import SourceError

# Rows that are looked at to find the header.
_LOOKED_AT = 100


@dataclass(frozen=True, slots=True)
class GridRow:
    """One row of a grid: its number in the source (from 1), its texts and, if known, values.

    `merged` are the first and the last column (from 0) of cells that span several.
    """

    number: int
    texts: list[str]
    values: list[object] | tuple[()] = ()
    merged: tuple[tuple[int, int], ...] = ()


def table_of(
    rows: Iterable[GridRow], *, name: str = "", sheet: str = "", decimal_comma: bool = False
) -> RawTable | None:
    """The table in a grid; None where no cell holds anything.

    `sheet` is named in the places of rows. Raises SourceError where it is wider than any table.
    """
    stream = iter(rows)
    head = list(islice(stream, _LOOKED_AT))
    while head and not any(any(cell.strip() for cell in row.texts) for row in head):
        head = list(islice(stream, _LOOKED_AT))
    if not head:
        return None
    widest = max(len(row.texts) for row in head)
    has_merged = any(row.merged for row in head)
    header = find_header([_spread(row, widest) for row in head], carry=not has_merged)
    above = (" | ".join(filter(None, map(clean, row.texts))) for row in head[: header.first])
    body = chain(head[header.end :], stream)
    return RawTable(
        name,
        tuple(clean(column) for column in header.names),
        _rows(body, sheet),
        tuple(line for line in above if line),
        decimal_comma,
    )


def _spread(row: GridRow, widest: int) -> list[str]:
    """The row's texts, a merged cell's in each of its columns; a title over all stays as it is."""
    texts = list(row.texts)
    for first, last in row.merged:
        if first < len(row.texts) and last - first + 1 < widest:
            texts += [""] * (last + 1 - len(texts))
            texts[first : last + 1] = [row.texts[first]] * (last + 1 - first)
    return texts


def _rows(body: Iterable[GridRow], sheet: str) -> Iterator[Row]:
    for row in body:
        width = _last_filled(row.texts)
        if not width:
            continue
        if width > MOST_COLUMNS:
            raise SourceError(
                f"row {row.number} has {width:,} columns; at most {MOST_COLUMNS:,} are read",
                hint="Keep the columns that matter, or turn rows and columns around.",
            )
        place = cell_range(row.number, width, sheet)
        yield Row(place, row.texts[:width], row.values[:width])


def _last_filled(texts: list[str]) -> int:
    for position in range(len(texts), 0, -1):
        if texts[position - 1].strip():
            return position
    return 0
