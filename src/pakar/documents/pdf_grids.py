"""Tables whose cells are boxed in by horizontal and vertical lines.

Lines that touch make one grid; its lines' positions are the borders of rows and columns. Where
a border is not drawn between two cells, they are one cell: spanned rows repeat its text in each
row, so that a row says all that it means. Knows nothing of pdfium.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pakar.documents.pdf_page import Rule, Table, Word, rows_of_words, text_of_words

_TOUCH = 3.0
_MOST_RULES = 1_500
_MOST_CELLS = 20_000
_LONGEST_CELL = 2_000


def merged_rules(rules: Iterable[Rule]) -> tuple[list[Rule], list[Rule]]:
    """Horizontal and vertical lines, with pieces and doubles put together."""
    horizontal = [rule for rule in rules if rule.horizontal]
    vertical = [_turned(rule) for rule in rules if not rule.horizontal]
    return _merged(horizontal), [_turned(rule) for rule in _merged(vertical)]


def grid_tables(
    words: Sequence[Word], horizontal: Sequence[Rule], vertical: Sequence[Rule]
) -> list[Table]:
    """The tables that the lines box in, the smallest first."""
    if max(len(horizontal), len(vertical)) > _MOST_RULES:
        return []
    grids = [grid for part in _connected(horizontal, vertical) if (grid := _grid(*part))]
    grids.sort(key=lambda grid: (grid.xs[-1] - grid.xs[0]) * (grid.ys[-1] - grid.ys[0]))
    tables: list[Table] = []
    free = list(words)
    for grid in grids:
        inside = [word for word in free if grid.holds(word)]
        table = _table(grid, inside)
        if table is not None:
            tables.append(table)
            taken = {id(word) for word in inside}
            free = [word for word in free if id(word) not in taken]
    return tables


def unattached(horizontal: Sequence[Rule], vertical: Sequence[Rule]) -> list[Rule]:
    """The horizontal lines that no vertical line touches."""
    return [rule for rule in horizontal if not any(_touching(rule, other) for other in vertical)]


@dataclass(frozen=True, slots=True)
class _Grid:
    xs: tuple[float, ...]
    ys: tuple[float, ...]
    horizontal: tuple[Rule, ...]
    vertical: tuple[Rule, ...]

    def holds(self, word: Word) -> bool:
        x, y = _middle(word)
        return self.xs[0] <= x <= self.xs[-1] and self.ys[0] <= y <= self.ys[-1]

    def cell(self, word: Word) -> tuple[int, int]:
        x, y = _middle(word)
        row = min(bisect_right(self.ys, y), len(self.ys) - 1) - 1
        return max(0, row), max(0, min(bisect_right(self.xs, x), len(self.xs) - 1) - 1)

    def open_to_the_right(self, row: int, column: int) -> bool:
        x, y = self.xs[column + 1], (self.ys[row] + self.ys[row + 1]) / 2
        return not any(
            abs(rule.x0 - x) <= _TOUCH and rule.top <= y <= rule.bottom for rule in self.vertical
        )

    def open_below(self, row: int, column: int) -> bool:
        x, y = (self.xs[column] + self.xs[column + 1]) / 2, self.ys[row + 1]
        return not any(
            abs(rule.top - y) <= _TOUCH and rule.x0 <= x <= rule.x1 for rule in self.horizontal
        )


def _turned(rule: Rule) -> Rule:
    return Rule(rule.top, rule.bottom, rule.x0, rule.x1)


def _merged(rules: list[Rule]) -> list[Rule]:
    merged: list[Rule] = []
    for level in _levels(rules):
        y = sum(rule.top for rule in level) / len(level)
        x0 = x1 = None
        for rule in sorted(level, key=lambda rule: rule.x0):
            if x0 is None or x1 is None:
                x0, x1 = rule.x0, rule.x1
            elif rule.x0 <= x1 + _TOUCH:
                x1 = max(x1, rule.x1)
            else:
                merged.append(Rule(x0, x1, y, y))
                x0, x1 = rule.x0, rule.x1
        if x0 is not None and x1 is not None:
            merged.append(Rule(x0, x1, y, y))
    return merged


def _levels(rules: list[Rule]) -> Iterator[list[Rule]]:
    level: list[Rule] = []
    for rule in sorted(rules, key=lambda rule: rule.top):
        if level and rule.top - level[0].top > _TOUCH:
            yield level
            level = []
        level.append(rule)
    if level:
        yield level


def _touching(across: Rule, down: Rule) -> bool:
    return (
        across.x0 - _TOUCH <= down.x0 <= across.x1 + _TOUCH
        and down.top - _TOUCH <= across.top <= down.bottom + _TOUCH
    )


def _connected(
    horizontal: Sequence[Rule], vertical: Sequence[Rule]
) -> Iterator[tuple[list[Rule], list[Rule]]]:
    """Horizontal and vertical lines that hang together."""
    across, down = set(range(len(horizontal))), set(range(len(vertical)))
    while across:
        waiting, part = [across.pop()], (list[Rule](), list[Rule]())
        columns: list[int] = []
        while waiting or columns:
            if waiting:
                rule = horizontal[waiting.pop()]
                part[0].append(rule)
                found = [i for i in down if _touching(rule, vertical[i])]
                down.difference_update(found)
                columns += found
            else:
                rule = vertical[columns.pop()]
                part[1].append(rule)
                found = [i for i in across if _touching(horizontal[i], rule)]
                across.difference_update(found)
                waiting += found
        if part[1]:
            yield part


def _grid(horizontal: list[Rule], vertical: list[Rule]) -> _Grid | None:
    """The grid that these lines make, or None where they make fewer than two columns."""
    left, right = min(rule.x0 for rule in horizontal), max(rule.x1 for rule in horizontal)
    top, bottom = min(rule.top for rule in vertical), max(rule.bottom for rule in vertical)
    xs = _borders([rule.x0 for rule in vertical], left, right)
    ys = _borders([rule.top for rule in horizontal], top, bottom)
    if len(xs) < 3 or len(ys) < 2 or len(xs) * len(ys) > _MOST_CELLS:
        return None
    return _Grid(xs, ys, tuple(horizontal), tuple(vertical))


def _borders(places: list[float], low: float, high: float) -> tuple[float, ...]:
    """Distinct positions; the ends of the crossing lines are borders too where none is drawn."""
    borders: list[float] = []
    for place in sorted(places):
        if not borders or place - borders[-1] > _TOUCH:
            borders.append(place)
    if low < borders[0] - 4 * _TOUCH:
        borders.insert(0, low)
    if high > borders[-1] + 4 * _TOUCH:
        borders.append(high)
    return tuple(borders)


def _middle(word: Word) -> tuple[float, float]:
    return (word.x0 + word.x1) / 2, word.y - 0.3 * word.size


def _table(grid: _Grid, words: Sequence[Word]) -> Table | None:
    filled: dict[tuple[int, int], list[Word]] = {}
    spans = _spans(grid)
    for word in words:
        filled.setdefault(spans[grid.cell(word)], []).append(word)
    texts = {cell: _cell_text(inside) for cell, inside in filled.items()}
    if not _looks_filled(texts, len(set(spans.values()))):
        return None
    height, width = len(grid.ys) - 1, len(grid.xs) - 1
    rows = [
        tuple(_shown(texts, spans, row, column) for column in range(width)) for row in range(height)
    ]
    first = [word for cell, inside in filled.items() if cell[0] == 0 for word in inside]
    later = [word for cell, inside in filled.items() if cell[0] > 0 for word in inside]
    bold = bool(first) and all(w.bold for w in first) and not all(w.bold for w in later)
    return Table(
        x0=grid.xs[0],
        x1=grid.xs[-1],
        top=grid.ys[0],
        bottom=grid.ys[-1],
        index=min(word.index for word in words),
        columns=grid.xs[:-1],
        rows=tuple(row for row in rows if any(row)),
        header_rows=1 if bold else 0,
    )


def _spans(grid: _Grid) -> dict[tuple[int, int], tuple[int, int]]:
    """For each cell the upper left cell of the box that it is a part of."""
    owner: dict[tuple[int, int], tuple[int, int]] = {}
    for row in range(len(grid.ys) - 1):
        for column in range(len(grid.xs) - 1):
            cell = (row, column)
            if column and grid.open_to_the_right(row, column - 1):
                owner[cell] = owner[row, column - 1]
            elif row and grid.open_below(row - 1, column):
                owner[cell] = owner[row - 1, column]
            else:
                owner[cell] = cell
    return owner


def _shown(
    texts: dict[tuple[int, int], str],
    spans: dict[tuple[int, int], tuple[int, int]],
    row: int,
    column: int,
) -> str:
    """A spanned cell's text: in every row, but only in the first of its columns."""
    owner = spans[row, column]
    first_column = owner[1] == column or row == 0
    return texts.get(owner, "") if first_column else ""


def _cell_text(words: Sequence[Word]) -> str:
    return "\n".join(text_of_words(row) for row in rows_of_words(words))


def _looks_filled(texts: dict[tuple[int, int], str], cells: int) -> bool:
    """Drawings and page frames have few cells with text, or one with nearly everything."""
    if len(texts) < 2 or len({column for _, column in texts}) < 2:
        return False
    longest = max(len(text) for text in texts.values())
    return len(texts) >= 0.25 * cells and longest <= _LONGEST_CELL
