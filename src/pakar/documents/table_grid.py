"""Tables as readers find them: cells that span, rows of different length, unclear headers.

Knows how to turn them into a header and full rows. Knows no file format.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pakar.errors import SourceError

_FIGURE = re.compile(r"[\W_]*\d[\d\s.,:/%()+-]*\Z")
_NAME_LENGTH = 60
# No real table is wider or repeats a cell further down; files that claim so are broken or hostile.
_MOST_COLUMNS = 500
_MOST_ROWS_DOWN = 5_000
_MOST_CELLS = 2_000_000


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell with the columns and rows that it covers."""

    text: str
    columns: int = 1
    rows: int = 1
    header: bool = False


def expand(rows: Sequence[Sequence[Cell]]) -> list[list[Cell]]:
    """Every row with a cell for every column.

    A cell that spans rows stands in each of them, so that each row says all that holds for it. A
    cell that spans columns stands in the first; the others are empty, except for header cells,
    whose words name every column that they span. Raises SourceError where spans multiply to more
    cells than any real table has.
    """
    grid: list[list[Cell]] = []
    below: dict[int, tuple[Cell, int]] = {}
    cells = 0
    for row in rows:
        line = _expanded_row(row, below)
        cells += len(line)
        if cells > _MOST_CELLS:
            raise SourceError(
                f"a table claims more than {_MOST_CELLS:,} cells",
                hint="The file is damaged or was made to do harm: leave it out.",
            )
        grid.append(line)
    return grid


def _expanded_row(row: Sequence[Cell], below: dict[int, tuple[Cell, int]]) -> list[Cell]:
    line: list[Cell] = []
    for cell in row:
        _take_from_above(line, below)
        for step in range(max(1, min(cell.columns, _MOST_COLUMNS - len(line)))):
            part = cell if step == 0 or cell.header else Cell("")
            column = len(line)
            line.append(part)
            if cell.rows > 1:
                below[column] = (part, min(cell.rows, _MOST_ROWS_DOWN) - 1)
    _take_from_above(line, below)
    return line


def _take_from_above(line: list[Cell], below: dict[int, tuple[Cell, int]]) -> None:
    while (column := len(line)) in below:
        cell, left = below.pop(column)
        line.append(cell)
        if left > 1:
            below[column] = (cell, left - 1)


def split_header(rows: Sequence[Sequence[str]], *, marked: int = 0) -> tuple[
    list[str], list[list[str]]
]:  # fmt: skip
    """The columns' names and the rows below them.

    `marked` rows are named as header by the file; several are joined column by column. Without
    a mark the first row is the header where it looks like names: at least three columns, every
    cell filled, short, different and no figure, and something below.
    """
    table = [list(row) for row in rows if any(cell.strip() for cell in row)]
    if marked == 0 and _looks_like_header(table):
        marked = 1
    if marked >= len(table):
        marked = 0
    return _joined_names(table[:marked]), table[marked:]


def _looks_like_header(table: list[list[str]]) -> bool:
    if len(table) < 2 or len(table[0]) < 3:
        return False
    names = [cell.strip() for cell in table[0]]
    filled = all(names) and len(set(names)) == len(names)
    return filled and not any(len(name) > _NAME_LENGTH or _FIGURE.match(name) for name in names)


def _joined_names(header: list[list[str]]) -> list[str]:
    width = max((len(row) for row in header), default=0)
    names: list[str] = []
    for column in range(width):
        parts = [row[column].strip() for row in header if column < len(row)]
        names.append(" ".join(dict.fromkeys(part for part in parts if part)))
    return names
