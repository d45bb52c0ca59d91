"""Tables ruled with horizontal lines only, as in books: columns are parted by white space.

Between two lines of the same extent lies a band. Bands whose words leave the same strips free
belong to one table; the band under its first line is the header. Knows nothing of pdfium.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pakar.documents.pdf_columns import NARROW_GAP, column_starts, free_strips, pieces, split_at
from pakar.documents.pdf_page import Rule, Table, Word, rows_of_words
from pakar.documents.pdf_table_rows import cell_texts, joined, table_rows

_SAME_PLACE = 3.0
_NARROWEST_TABLE = 60.0
_LINE_GAP = 2.2
_PADDING = 1.2
_NEXT_WORD = 0.8


def open_tables(words: Sequence[Word], rules: Sequence[Rule]) -> list[Table]:
    """The tables between horizontal lines that no vertical line touches."""
    tables: list[Table] = []
    for group in _same_extent(rules):
        bands = list(_bands(words, group))
        for run in _runs(bands):
            table = _table(run)
            if table is not None:
                tables.append(table)
    return tables


@dataclass(frozen=True, slots=True)
class _Band:
    """What stands between two lines; the last band of a page may have no line below it."""

    rows: tuple[tuple[Word, ...], ...]
    x0: float
    x1: float
    top: float
    bottom: float
    closed: bool


def _same_extent(rules: Sequence[Rule]) -> Iterator[list[Rule]]:
    left = [rule for rule in rules if rule.x1 - rule.x0 >= _NARROWEST_TABLE]
    while left:
        first = left[0]
        group = [rule for rule in left if _alike(first, rule)]
        left = [rule for rule in left if not _alike(first, rule)]
        if len(group) > 1:
            yield sorted(group, key=lambda rule: rule.top)


def _alike(first: Rule, other: Rule) -> bool:
    return abs(first.x0 - other.x0) <= _SAME_PLACE and abs(first.x1 - other.x1) <= _SAME_PLACE


def _bands(words: Sequence[Word], group: list[Rule]) -> Iterator[_Band]:
    x0, x1 = group[0].x0 - _SAME_PLACE, group[0].x1 + _SAME_PLACE
    near = [
        word
        for word in words
        if word.x1 >= x0 - _NEXT_WORD * word.size and word.x0 <= x1 + _NEXT_WORD * word.size
    ]
    for upper, lower in zip(group, [*group[1:], None], strict=True):
        bottom = lower.top if lower else float("inf")
        between = [word for word in near if upper.top < word.y - 0.3 * word.size < bottom]
        rows = tuple(tuple(row) for row in rows_of_words(between))
        yield _Band(rows, x0, x1, upper.top, bottom, lower is not None)


def _runs(bands: Sequence[_Band]) -> Iterator[list[_Band]]:
    """Bands in a row that share their columns."""
    run: list[_Band] = []
    for band in bands:
        if not band.closed:
            band = _trimmed(run, band)
        if not band.rows:
            continue
        if not _belongs(band):
            if run:
                yield run
            run = []
            continue
        if run and free_strips([*_rows(run), *band.rows], NARROW_GAP):
            run.append(band)
            continue
        if run:
            yield run
        run = [band] if free_strips(band.rows) else []
    if run:
        yield run


def _belongs(band: _Band) -> bool:
    """The band is filled as tables are: no text goes on beside it, no lone words in a wide gap."""
    words = [word for row in band.rows for word in row]
    if any(word.x0 < band.x0 or word.x0 > band.x1 for word in words):
        return False
    size = max(word.size for word in words)
    top, bottom = min(word.top for word in words), max(word.bottom for word in words)
    padding = max(top - band.top, band.bottom - bottom)
    return padding <= _PADDING * size or bool(free_strips(band.rows))


def _trimmed(run: list[_Band], band: _Band) -> _Band:
    """What of the text below the last line still belongs to the table above it.

    Only a table of which no more than the header has been seen goes on there.
    """
    kept: list[tuple[Word, ...]] = []
    if len(run) == 1:
        strips = (len(free_strips(run[0].rows, NARROW_GAP)) + 1) // 2
        y = band.top
        for row in band.rows:
            too_far = row[0].y - y > _LINE_GAP * row[0].size
            if too_far or len(free_strips([*run[0].rows, *kept, row], NARROW_GAP)) < strips:
                break
            kept.append(row)
            y = row[0].y
    bottom = max((word.bottom for row in kept for word in row), default=band.top)
    return _Band(tuple(kept), band.x0, band.x1, band.top, bottom, False)


def _rows(bands: Sequence[_Band]) -> list[tuple[Word, ...]]:
    return [row for band in bands for row in band.rows]


def _table(bands: list[_Band]) -> Table | None:
    rows = _rows(bands)
    if len(rows) < 2 or not free_strips(rows, NARROW_GAP):
        return None
    starts = column_starts(rows)
    parts = [
        split_at(pieces([word for row in band.rows for word in row]), starts) for band in bands
    ]
    header = [joined(table_rows(parts[0], starts), len(starts))] if len(bands) > 1 else []
    body = [row for part in parts[len(header) :] for row in table_rows(part, starts)]
    return Table(
        x0=bands[0].x0,
        x1=max(bands[0].x1, *(word.x1 for row in rows for word in row)),
        top=bands[0].top,
        bottom=bands[-1].bottom,
        index=min(word.index for row in rows for word in row),
        columns=tuple(starts),
        rows=tuple(cell_texts(row) for row in [*header, *body]),
        header_rows=len(header),
    )
