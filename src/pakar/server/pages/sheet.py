"""The rows of a table around a quote, as a spreadsheet shows them: letters, names, row numbers.

Cells are what the source showed; the table's file tells which columns of a row are empty. A row
that cannot be taken apart for sure is shown in one piece. Knows documents and table files; no HTML.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pakar.computing.cells import letters_from, position, row_number
from pakar.server.pages.excerpt import Piece
from pakar.server.pages.lines import Span, cell_spans, pieces
from pakar.types import Document, Mark, TableFile, source_of

_AROUND = 6
_MOST_CITED = 40
_WHOLE_ROW = -1


@dataclass(frozen=True, slots=True)
class SheetCell:
    """`is_marked` where it is what an answer was computed from."""

    pieces: tuple[Piece, ...]
    is_marked: bool = False


@dataclass(frozen=True, slots=True)
class SheetRow:
    """`label` is the row's number, or its place in a source that has none. One cell, where the row
    could not be taken apart."""

    label: str
    place: str
    cells: tuple[SheetCell, ...]
    is_cited: bool
    is_whole: bool


@dataclass(frozen=True, slots=True)
class Sheet:
    """No `letters` where the source has none. `before`, `after`: there are further rows."""

    name: str
    letters: tuple[str, ...]
    columns: tuple[str, ...]
    rows: tuple[SheetRow, ...]
    before: bool
    after: bool


def sheet(
    document: Document, quote: Span, tables: Sequence[TableFile], computed: Sequence[str] = ()
) -> Sheet | None:
    """The rows around a quote; None where it is in no row of a table file.

    `computed` are names of cells that an answer was computed from.
    """
    marks = _together(document, quote)
    if not marks:
        return None
    cited = [at for at, one in enumerate(marks) if _overlaps(one, quote)]
    first = max(0, cited[0] - _AROUND)
    last = min(len(marks), min(cited[-1] + 1, cited[0] + _MOST_CITED) + _AROUND)
    shown = marks[first:last]
    table, filled = _file(document, tables, shown)
    if table is None:
        return None
    columns = _columns(table)
    every = letters_from(shown[0].value, columns[-1][0] + 1) if columns else ()
    named = tuple(every[at] for at, _ in columns) if every else ()
    names = tuple(name for _, name in columns)
    rows = tuple(
        _row(document, one, (columns, filled.get(one.start)), (quote, computed)) for one in shown
    )
    return Sheet(table.name, named, names, rows, first > 0, last < len(marks))


def _columns(table: TableFile) -> tuple[tuple[int, str], ...]:
    """Each with its position in the source: empty ones without a name are left out."""
    return tuple(
        (number if one.at < 0 else one.at, one.name.strip())
        for number, one in enumerate(table.columns)
    )


def _together(document: Document, quote: Span) -> list[Mark]:
    """The rows with places of the table that the quote is in."""
    rows = [one for one in document.marks if one.kind == "row" and one.value]
    inside = next((one for one in rows if _overlaps(one, quote)), None)
    if inside is None:
        return []
    of = next(
        (
            one
            for one in document.marks
            if one.kind == "table" and one.start <= inside.start and inside.end <= one.end
        ),
        inside,
    )
    return [one for one in rows if of.start <= one.start and one.end <= of.end]


def _overlaps(mark: Mark, quote: Span) -> bool:
    return mark.start < quote[1] and quote[0] < mark.end


def _file(
    document: Document, tables: Sequence[TableFile], marks: Sequence[Mark]
) -> tuple[TableFile | None, dict[int, list[bool]]]:
    """The table file that has these rows, and which of its columns each row fills, by its start."""
    source = source_of(document.name)
    for table in tables:
        if table.document != source:
            continue
        filled = _filled(table, document.name, (marks[0].start, marks[-1].start))
        if marks[0].start in filled:
            return table, filled
    return None, {}


def _filled(table: TableFile, document: str, between: Span) -> dict[int, list[bool]]:
    import pyarrow.parquet as pq

    names = [one.name for one in table.columns]
    wanted = [
        ("_document", "=", document),
        ("_start", ">=", between[0]),
        ("_start", "<=", between[1]),
    ]
    found = pq.read_table(table.path, columns=["_start", *names], filters=wanted).to_pylist()
    return {row["_start"]: [row[name] is not None for name in names] for row in found}


def _row(
    document: Document,
    mark: Mark,
    table: tuple[Sequence[tuple[int, str]], list[bool] | None],
    sought: tuple[Span, Sequence[str]],
) -> SheetRow:
    columns, filled = table
    quote, computed = sought
    text = document.text
    span = (mark.start, mark.end)
    # A quote that is the whole line marks the row; a shorter one its words.
    words = (0, 0) if quote[0] <= mark.start and mark.end <= quote[1] else quote
    found = [position(mark.value, name, columns) for name in computed]
    marked = set(range(len(columns))) if _WHOLE_ROW in found else set(found)
    spans = _spans(text, span, [name for _, name in columns], filled)
    cells = tuple(
        SheetCell(pieces(text, one, words) if one else (), at in marked)
        for at, one in enumerate(spans or [span])
    )
    label = row_number(mark.value) or mark.value
    return SheetRow(label, mark.value, cells, _overlaps(mark, quote), is_whole=spans is None)


def _spans(
    text: str, span: Span, columns: Sequence[str], filled: Sequence[bool] | None
) -> list[Span | None] | None:
    """Where each column's cell stands, None where it is empty; None where that is not for sure."""
    found = cell_spans(text, span)
    if filled is None or sum(filled) != len(found):
        return None
    left = iter(found)
    return [
        _without_name(text, next(left), name) if there else None
        for name, there in zip(columns, filled, strict=True)
    ]


def _without_name(text: str, span: Span, name: str) -> Span:
    """A cell without its column's name before it; a double's has no number there."""
    start, end = span
    for before in (f"{name}: ", f"{name.rpartition(' (')[0]}: "):
        if len(before) > len(": ") and text.startswith(before, start, end):
            return start + len(before), end
    return span
