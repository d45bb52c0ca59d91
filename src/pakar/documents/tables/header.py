"""Where a table's header is: not always the first line, sometimes several, sometimes none.

Knows the cells of a grid's first rows. Knows no file format and no types.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

Grid = Sequence[Sequence[str]]

_FIGURE = re.compile(
    r"[\W_]*(?:Rp\.?|IDR|USD|EUR|Rs\.?)?\s*\d[\d\s.,:/%()+-]*%?\)?\Z|\d{4}-\d\d-\d\dT?[\d:.Z+ -]*\Z"
    r"|(?:true|false)\Z",
    re.IGNORECASE,
)
_YEAR = re.compile(r"(?:FY\s*)?(?:19|20)\d\d\Z", re.IGNORECASE)
_LONGEST_NAME = 120
_MOST_LEVELS = 3
# A header names at least this share of the columns that are in use below it.
_LEAST_NAMED = 0.5


@dataclass(frozen=True, slots=True)
class Header:
    """The first and the last header row, counted from 0 (`first` == `end`: none), and the names."""

    first: int
    end: int
    names: tuple[str, ...]


def find_header(grid: Grid, *, carry: bool = True) -> Header:
    """The header of a table by its first rows, blank ones included.

    Lines with one cell above a wider table are titles or notes. The header is the first row below
    them that looks like names: filled for most columns, no figures but years, none twice. Rows
    below it that also hold only names belong to it where it has gaps, as under merged cells. With
    `carry`, a name of an upper row goes on to the right over gaps.
    """
    width = _usual_width(grid)
    start = next((at for at, row in enumerate(grid) if _filled(row) >= min(2, width)), len(grid))
    if width <= 1:
        start = next((at for at, row in enumerate(grid) if _filled(row)), len(grid))
    named = _named_row(grid, start, width)
    if named is None:
        columns = max((len(row) for row in grid), default=0)
        return Header(start, start, ("",) * columns)
    end = named + 1
    while end - start < _MOST_LEVELS and _goes_on(grid, start, end):
        end += 1
    return Header(start, end, _names(grid[start:end], carry))


def _named_row(grid: Grid, start: int, width: int) -> int | None:
    """The first row that looks like names; above it may stand rows that name groups of columns."""
    for at in range(start, min(start + _MOST_LEVELS, len(grid))):
        if _is_header(grid, at, width):
            return at
        if _filled(grid[at]) and any(is_figure(cell.strip()) for cell in grid[at]):
            return None
    return None


def is_figure(cell: str) -> bool:
    """Whether a cell holds a number, an amount, a date or a truth value; a year alone is a name."""
    return bool(_FIGURE.match(cell)) and not _YEAR.match(cell)


def _usual_width(grid: Grid) -> int:
    widths = Counter(count for row in grid if (count := _filled(row)))
    if not widths:
        return 0
    most = max(widths.values())
    return max(width for width, times in widths.items() if times * 2 >= most)


def _filled(row: Sequence[str]) -> int:
    return sum(1 for cell in row if cell.strip())


def _is_header(grid: Grid, at: int, width: int) -> bool:
    row = [cell.strip() for cell in grid[at]]
    names = [cell for cell in row if cell]
    below = [line for line in grid[at + 1 :] if _filled(line)]
    if not names or len(names) < _LEAST_NAMED * width:
        return False
    if any(len(name) > _LONGEST_NAME for name in names):
        return False
    figures = [name for name in names if _FIGURE.match(name)]
    if not figures:
        return bool(below) or len(names) > 1
    if not all(_YEAR.match(name) for name in figures) or len(set(names)) < len(names):
        return False
    # Years name columns where the cells below are no years.
    years = {position for position, cell in enumerate(row) if _YEAR.match(cell)}
    values = [line[p].strip() for line in below for p in years if p < len(line)]
    return bool(values) and not all(_YEAR.match(value) for value in values if value)


def _goes_on(grid: Grid, start: int, at: int) -> bool:
    """Whether the row at `at` is one more header row below `start`."""
    if at + 1 >= len(grid):
        return False
    above = [cell.strip() for cell in grid[at - 1]]
    here = [cell.strip() for cell in grid[at]]
    names = [cell for cell in here if cell]
    if len(names) < 2 or any(is_figure(name) for name in names):
        return False
    spans = [name for name in above if name]
    has_gaps = any(
        here[p] and (p >= len(above) or not above[p] or above.count(above[p]) > 1)
        for p in range(len(here))
    )
    if not has_gaps or len(spans) == 0:
        return False
    # Below names stand figures: without any there, one row of names is as likely data.
    below = [line for line in grid[at + 1 :] if _filled(line)][:20]
    return any(_FIGURE.match(cell.strip()) for line in below for cell in line if cell.strip())


def _names(rows: Grid, carry: bool) -> tuple[str, ...]:
    """The levels' names joined column by column."""
    width = max(len(row) for row in rows)
    levels = []
    for depth, row in enumerate(rows):
        line = [cell.strip() for cell in row] + [""] * (width - len(row))
        levels.append(
            _carried(line, rows[depth + 1 :]) if carry and depth + 1 < len(rows) else line
        )
    joined = []
    for column in range(width):
        parts = [level[column] for level in levels if level[column]]
        joined.append(" ".join(dict.fromkeys(parts)))
    return tuple(joined)


def _carried(line: list[str], below: Grid) -> list[str]:
    carried, last = [], ""
    for column, cell in enumerate(line):
        named_below = any(column < len(row) and row[column].strip() for row in below)
        last = cell or (last if named_below else "")
        carried.append(last)
    return carried
