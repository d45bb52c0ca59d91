"""Several tables below each other on one sheet: where one ends and the next begins.

A gap of blank rows ends a table only where what follows begins like one: names in at least two
columns, and figures below a name. Groups of rows with a gap between them stay one table, and so
does a total or a note below it. Memory holds a few rows. Tables beside each other are not told
apart. Knows rows of cells; knows no file format.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from pakar.documents.tables.grid import GridRow, table_of
from pakar.documents.tables.header import find_header, is_figure
from pakar.documents.tables.model import RawTable

# Rows behind a gap that are looked at.
_LOOKED_AT = 20
_FEWEST_ROWS = 2
_LONGEST_TITLE = 60


def tables_of(rows: Iterable[GridRow], sheet: str) -> Iterator[RawTable]:
    """The tables of a sheet in order; each has to be read to its end before the next is drawn.

    The first has the sheet's name; a further one its title's too, or else a number.
    """
    blocks = _Blocks(rows)
    count = 0
    while blocks.has_more():
        table = table_of(blocks.block(), name=sheet, sheet=sheet)
        if table is None:
            continue
        count += 1
        if count > 1:
            title = table.above[-1] if table.above else ""
            is_short = 0 < len(title) <= _LONGEST_TITLE
            name = f"{sheet}: {title}" if is_short else f"{sheet} ({count})"
            table = replace(table, name=name)
        yield table


class _Blocks:
    """The rows of a sheet, block by block."""

    def __init__(self, rows: Iterable[GridRow]) -> None:
        self._rows = iter(rows)
        self._ahead: deque[GridRow] = deque()

    def has_more(self) -> bool:
        return self._look(1) > 0

    def block(self) -> Iterator[GridRow]:
        """The rows up to where the next table begins. The first of them is not looked at."""
        last, filled = 0, 0
        while self._look(1):
            row = self._ahead[0]
            if _cells(row) >= 1:
                if filled >= _FEWEST_ROWS and row.number - last > 1 and self._begins_table():
                    return
                last = row.number
                filled += _cells(row) > 1
            yield self._ahead.popleft()

    def _begins_table(self) -> bool:
        self._look(_LOOKED_AT)
        grid = [row.texts for row in self._ahead]
        header = find_header(grid)
        if header.first == header.end:
            return False
        names = [at for at, cell in enumerate(grid[header.end - 1]) if cell.strip()]
        below = [line for line in grid[header.end :] if any(cell.strip() for cell in line)]
        return len(names) > 1 and any(_has_figures(below, at) for at in names)

    def _look(self, count: int) -> int:
        """Draws rows until so many lie ahead; returns how many do."""
        while len(self._ahead) < count:
            row = next(self._rows, None)
            if row is None:
                break
            self._ahead.append(row)
        return len(self._ahead)


def _has_figures(lines: Sequence[Sequence[str]], column: int) -> bool:
    """Most cells of the first lines are figures there."""
    cells = [line[column].strip() for line in lines[:5] if column < len(line)]
    filled = [cell for cell in cells if cell]
    return bool(filled) and 2 * sum(map(is_figure, filled)) > len(filled)


def _cells(row: GridRow) -> int:
    return sum(1 for cell in row.texts if cell.strip())
