"""The columns of a table that is parted by white space, and which words make a cell's line.

Two signs part columns: a strip that stays free, and a common left edge of pieces that are drawn
each by itself; the second holds even where a cell's words run over into the next column.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from pakar.documents.pdf_page import Word, text_of_words

COLUMN_GAP = 0.8
NARROW_GAP = 0.4
_PIECE_GAP = 0.55
_OVERLAP = 0.15
_SAME_EDGE = 1.5
_LEAST_SUPPORT = 0.3


@dataclass(frozen=True, slots=True)
class Piece:
    """Words drawn one after the other on one line, as the line of one cell is."""

    words: tuple[Word, ...]

    @property
    def x0(self) -> float:
        return self.words[0].x0

    @property
    def x1(self) -> float:
        return self.words[-1].x1

    @property
    def y(self) -> float:
        return self.words[0].y

    @property
    def size(self) -> float:
        return self.words[0].size

    @property
    def index(self) -> int:
        return self.words[0].index

    @property
    def text(self) -> str:
        return text_of_words(self.words)


def pieces(words: Sequence[Word]) -> list[Piece]:
    """The words as pieces, in the order in which they are drawn."""
    found: list[list[Word]] = []
    for word in sorted(words, key=lambda word: word.index):
        if found and _follows(found[-1][-1], word):
            found[-1].append(word)
        else:
            found.append([word])
    return [Piece(tuple(piece)) for piece in found]


def free_strips(
    rows: Sequence[Sequence[Word]], least: float = COLUMN_GAP
) -> list[tuple[float, float]]:
    """Strips between columns that the words leave free; in long tables a few may cross them.

    `least` is the narrowest strip in font sizes.
    """
    if not rows:
        return []
    allowed = len(rows) // 10
    size = max(word.size for row in rows for word in row)
    edges = sorted(edge for row in rows for word in row for edge in ((word.x0, 1), (word.x1, -1)))
    strips: list[tuple[float, float]] = []
    depth, free_from = 0, None
    for place, change in edges:
        before, depth = depth, depth + change
        if before > allowed >= depth:
            free_from = place
        elif before <= allowed < depth and free_from is not None:
            if place - free_from >= least * size:
                strips.append((free_from, place))
            free_from = None
    return strips


def column_starts(rows: Sequence[Sequence[Word]]) -> list[float]:
    """The left edges of the columns, from left to right."""
    starts = [min(word.x0 for row in rows for word in row)]
    starts += [end for _, end in free_strips(rows)]
    found = pieces([word for row in rows for word in row])
    edges = _common_edges(found, max(2, _LEAST_SUPPORT * len(rows)))
    for edge in edges:
        if all(abs(edge - start) > 2 * _SAME_EDGE for start in starts) and _beside_others(
            edge, found, starts
        ):
            starts = sorted([*starts, edge])
    return starts


def split_at(found: Sequence[Piece], starts: Sequence[float]) -> list[Piece]:
    """The pieces, parted where one of their words begins at the edge of another column."""
    parts: list[Piece] = []
    for piece in found:
        words = [piece.words[0]]
        for word in piece.words[1:]:
            if any(abs(word.x0 - start) <= _SAME_EDGE for start in starts):
                parts.append(Piece(tuple(words)))
                words = []
            words.append(word)
        parts.append(Piece(tuple(words)))
    return parts


def column_of(piece: Piece, starts: Sequence[float]) -> int:
    """The column in which a piece begins."""
    return max(0, bisect_right(starts, piece.x0 + 2 * _SAME_EDGE) - 1)


def _follows(last: Word, word: Word) -> bool:
    size = max(last.size, word.size)
    if abs(word.y - last.y) > 0.5 * size:
        return False
    gap = word.x0 - last.x1
    return -_OVERLAP * size <= gap <= _PIECE_GAP * size


def _common_edges(found: Sequence[Piece], support: float) -> list[float]:
    """Left edges that enough pieces share."""
    clusters: list[list[float]] = []
    for x in sorted(piece.x0 for piece in found):
        if clusters and x - clusters[-1][0] <= _SAME_EDGE:
            clusters[-1].append(x)
        else:
            clusters.append([x])
    return [cluster[0] for cluster in clusters if len(cluster) >= support]


def _beside_others(edge: float, found: Sequence[Piece], starts: Sequence[float]) -> bool:
    """Words at the edge stand on lines on which the column to the left has text too.

    Numbers of different length that end at one place begin at several edges, but never on one
    line.
    """
    left = max(start for start in [float("-inf"), *starts] if start < edge)
    here = [word for piece in found for word in piece.words if abs(word.x0 - edge) <= _SAME_EDGE]
    others = [piece for piece in found if left - _SAME_EDGE <= piece.x0 < edge - _SAME_EDGE]
    beside = sum(1 for word in here if any(abs(word.y - o.y) <= 0.35 * word.size for o in others))
    return beside >= max(2, _LEAST_SUPPORT * len(here))
