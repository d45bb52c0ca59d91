"""Which text lines of a table without row lines make one row.

Programs draw a table row by row and a cell as a whole, so the order of drawing tells the rows
where it agrees with the places; otherwise a line goes on with the row above it where its cells
had no room for more.
"""

from __future__ import annotations

from collections.abc import Sequence

from pakar.documents.pdf_columns import Piece, column_of

Cells = list[list[Piece]]


def table_rows(found: Sequence[Piece], starts: Sequence[float]) -> list[Cells]:
    """The rows from top to bottom, each with the pieces of its cells."""
    drawn = _by_order(found, starts)
    return drawn if _stand_apart(drawn) else _by_room(found, starts)


def cell_texts(row: Cells) -> tuple[str, ...]:
    """The text of each cell, a line of the cell on each line."""
    return tuple("\n".join(piece.text for piece in cell) for cell in row)


def joined(rows: Sequence[Cells], columns: int) -> Cells:
    """One row of all, as the lines of a header are."""
    cells: Cells = [[] for _ in range(columns)]
    for row in rows:
        for cell, found in zip(cells, row, strict=True):
            cell += found
    return [sorted(cell, key=lambda piece: (piece.y, piece.x0)) for cell in cells]


def _by_order(found: Sequence[Piece], starts: Sequence[float]) -> list[Cells]:
    rows: list[Cells] = []
    last, above = len(starts), float("inf")
    for piece in sorted(found, key=lambda piece: piece.index):
        column = column_of(piece, starts)
        alone = rows and not any(rows[-1][1:])
        if column < last or (column == last == 0 and alone and not _is_next(piece, above)):
            rows.append([[] for _ in starts])
        rows[-1][column].append(piece)
        last, above = column, piece.y
    return rows


def _is_next(piece: Piece, above: float) -> bool:
    return piece.y - above <= 1.35 * piece.size


def _stand_apart(rows: Sequence[Cells]) -> bool:
    """Each row lies wholly below the one before it."""
    bottom = float("-inf")
    for row in rows:
        ys = [piece.y for cell in row for piece in cell]
        if min(ys) <= bottom + 0.1:
            return False
        bottom = max(ys)
    return True


def _by_room(found: Sequence[Piece], starts: Sequence[float]) -> list[Cells]:
    limits = [0.0] * len(starts)
    for piece in found:
        column = column_of(piece, starts)
        limits[column] = max(limits[column], piece.x1)
    rows: list[Cells] = []
    above: Cells = []
    for line in _lines(found, starts):
        if rows and _goes_on(above, line, limits):
            rows[-1] = joined([rows[-1], line], len(starts))
        else:
            rows.append(line)
        above = line
    return rows


def _lines(found: Sequence[Piece], starts: Sequence[float]) -> list[Cells]:
    lines: list[Cells] = []
    y = float("-inf")
    for piece in sorted(found, key=lambda piece: (piece.y, piece.x0)):
        if piece.y - y > 0.35 * piece.size:
            lines.append([[] for _ in starts])
            y = piece.y
        lines[-1][column_of(piece, starts)].append(piece)
    return lines


def _goes_on(above: Cells, line: Cells, limits: Sequence[float]) -> bool:
    """Some cells are empty, and each other one continues a cell that had no room for more."""
    used = [column for column, cell in enumerate(line) if cell]
    if len(used) == len(line):
        return False
    return all(_wraps(above[column], line[column], limits[column]) for column in used)


def _wraps(above: Sequence[Piece], cell: Sequence[Piece], limit: float) -> bool:
    if not above:
        return False
    last, first = above[-1], cell[0]
    if len(last.words) == 1 == len(first.words) and _has_digit(last) and _has_digit(first):
        return last.text.endswith(("-", ",", "/"))
    space = 0.25 * first.size
    needed = last.x1 + space + first.words[0].x1 - first.x0
    return needed > limit - space or last.text.endswith("-")


def _has_digit(piece: Piece) -> bool:
    return any(char.isdigit() for char in piece.text)
