"""The reading order of a page: columns, and within them lines from top to bottom.

A page is cut at white space, first into bands, then into columns, and each column again: the
recursive X-Y cut (Nagy and Seth, "Hierarchical representation of optically scanned documents",
1984). A band is let grow downwards for as long as a strip stays free through it, so that columns
are not cut across. Knows nothing of pdfium or of what the lines mean.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from statistics import median

from pakar.documents.pdf_page import Line, Region, Table, Word, line_of_words, rows_of_words

_GUTTER = 0.9
_NARROWEST_GUTTER = 7.0
_DEEPEST = 6
_FEWEST_LINES = 3
_FULL_LINE = 0.6
_PROSE_WORDS = 3.0
_LOOK_BACK = 3

_Box = Word | Table
_Interval = tuple[float, float]


def regions(words: Sequence[Word], tables: Sequence[Table]) -> list[Region]:
    """The page's regions in reading order."""
    boxes: list[_Box] = [*words, *tables]
    return list(_cut(boxes, 0)) if boxes else []


def _cut(boxes: Sequence[_Box], depth: int) -> Iterator[Region]:
    flat: list[_Box] = []
    for group in _groups(_bands(boxes)):
        columns = _columns(group) if depth < _DEEPEST else [group]
        if len(columns) == 1:
            flat += group
            continue
        if flat:
            yield _region(flat)
            flat = []
        for column in columns:
            yield from _cut(column, depth + 1)
    if flat:
        yield _region(flat)


def _bands(boxes: Sequence[_Box]) -> list[list[_Box]]:
    """Boxes parted by level white space, from top to bottom."""
    bands: list[list[_Box]] = []
    bottom = float("-inf")
    for box in sorted(boxes, key=lambda box: _core(box)):
        top, low = _core(box)
        if top > bottom:
            bands.append([])
        bands[-1].append(box)
        bottom = max(bottom, low)
    return bands


def _core(box: _Box) -> _Interval:
    """The height that a box surely takes; closely set lines must not seem to touch."""
    if isinstance(box, Table):
        return box.top, box.bottom
    return box.y - 0.45 * box.size, box.y


def _groups(bands: Sequence[list[_Box]]) -> Iterator[list[_Box]]:
    """Bands in a row through which a strip stays free; other bands stand alone."""
    group: list[list[_Box]] = []
    cover: list[_Interval] = []
    for band in bands:
        own = [(box.x0, box.x1) for box in band]
        if group and not _strips(_covered([*cover, *own]), _size(band)):
            keep = _rest_that_fits(group, band)
            yield _flat(group[: len(group) - keep])
            group = group[len(group) - keep :]
            cover = _covered([(box.x0, box.x1) for box in _flat(group)])
        group.append(band)
        cover = _covered([*cover, *own])
    if group:
        yield _flat(group)


def _rest_that_fits(group: Sequence[list[_Box]], band: list[_Box]) -> int:
    """How many of the group's last bands begin new columns together with this band.

    A strip beside a few short lines ends where columns begin; their first lines are not its.
    """
    if len(_columns(_flat(group))) > 1:
        return 0
    for keep in range(min(_LOOK_BACK, len(group) - 1), 0, -1):
        boxes = [*_flat(group[-keep:]), *band]
        if _strips(_covered([(box.x0, box.x1) for box in boxes]), _size(boxes)):
            return keep
    return 0


def _flat(bands: Sequence[list[_Box]]) -> list[_Box]:
    return [box for band in bands for box in band]


def _covered(intervals: Sequence[_Interval]) -> list[_Interval]:
    merged: list[_Interval] = []
    for low, high in sorted(intervals):
        if merged and low <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], high))
        else:
            merged.append((low, high))
    return merged


def _strips(cover: Sequence[_Interval], size: float) -> list[float]:
    """The middles of the free strips that are wide enough to part columns."""
    least = max(_NARROWEST_GUTTER, _GUTTER * size)
    pairs = itertools.pairwise(cover)
    return [(left[1] + right[0]) / 2 for left, right in pairs if right[0] - left[1] >= least]


def _size(boxes: Sequence[_Box]) -> float:
    return median([box.size for box in boxes if isinstance(box, Word)] or [10.0])


def _columns(group: list[_Box]) -> list[list[_Box]]:
    """The group cut at those strips that part text columns, not table columns or bullets."""
    cuts = _strips(_covered([(box.x0, box.x1) for box in group]), _size(group))
    columns: list[list[_Box]] = []
    rest = group
    for position, cut in enumerate(cuts):
        left = [box for box in rest if box.x1 <= cut]
        end = cuts[position + 1] if position + 1 < len(cuts) else float("inf")
        right = [box for box in rest if cut <= box.x0 and box.x1 <= end]
        if _parted(left, right):
            columns.append(left)
            rest = [box for box in rest if box.x0 >= cut]
    return [*columns, rest]


def _parted(left: Sequence[_Box], right: Sequence[_Box]) -> bool:
    sides = [_text_rows(left), _text_rows(right)]
    if any(len(rows) < _FEWEST_LINES for rows in sides):
        return False
    if all(_is_prose(rows) for rows in sides):
        return True
    return _drawn_apart(left, right)


def _text_rows(boxes: Sequence[_Box]) -> list[list[Word]]:
    rows = rows_of_words([box for box in boxes if isinstance(box, Word)])
    for table in (box for box in boxes if isinstance(box, Table)):
        words = [Word(" ", table.x0, table.x1, table.top, 1.0, False, table.index)] * 4
        rows += [words] * max(1, len(table.rows))
    return rows


def _is_prose(rows: Sequence[Sequence[Word]]) -> bool:
    """Most lines run over most of the column and hold several words."""
    x0, x1 = min(r[0].x0 for r in rows), max(word.x1 for row in rows for word in row)
    widths = [max(word.x1 for word in row) - min(word.x0 for word in row) for row in rows]
    words = sum(len(row) for row in rows) / len(rows)
    return words >= _PROSE_WORDS and median(widths) >= _FULL_LINE * (x1 - x0)


def _drawn_apart(left: Sequence[_Box], right: Sequence[_Box]) -> bool:
    """The page draws the one side wholly before the other, as nobody draws rows."""
    ends = [(min(box.index for box in side), max(box.index for box in side))
            for side in (left, right)]  # fmt: skip
    return ends[0][1] < ends[1][0] or ends[1][1] < ends[0][0]


def _region(boxes: Sequence[_Box]) -> Region:
    lines = [line_of_words(row) for row in rows_of_words([b for b in boxes if isinstance(b, Word)])]
    items: list[Line | Table] = [*lines, *(box for box in boxes if isinstance(box, Table))]
    items.sort(key=lambda item: item.bottom if isinstance(item, Line) else item.top)
    return Region(tuple(items), min(item.x0 for item in items), max(item.x1 for item in items))
