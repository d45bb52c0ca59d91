"""A part of a document's text as lines of kinds: headings, list items, rows of tables, paragraphs,
with the quote in them. Knows documents and no HTML.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from pakar.server.pages.excerpt import Piece
from pakar.types import Document, Mark

LineKind = Literal["heading", "item", "row", "text"]
Span = tuple[int, int]
# What readers put before list items; a dash says no more than that it is one.
_BULLET = re.compile(r"(-|•|\*|\d{1,3}[.)]|[a-zA-Z][.)]|[ivxIVX]{1,5}[.)])[ ]+(?=\S)")
_BETWEEN_CELLS = " | "


@dataclass(frozen=True, slots=True)
class Line:
    """`cells` are the pieces of each cell of a row; of other lines there is one. `label` is what
    stands before a list item, "" for a dash. `level` is a heading's."""

    kind: LineKind
    cells: tuple[tuple[Piece, ...], ...]
    label: str = ""
    level: int = 0


@dataclass(frozen=True, slots=True)
class Block:
    """Lines of a kind that belong together: a list, a table; of headings and texts each stands
    alone."""

    kind: LineKind
    lines: tuple[Line, ...]


def blocks(document: Document, part: Span, quote: Span) -> tuple[Block, ...]:
    """The lines of a part of the text, the empty ones left out."""
    found = [_line(document, span, quote) for span in _spans(document.text, part)]
    together = groupby(enumerate(found), lambda one: _group(*one))
    return tuple(
        Block(lines[0].kind, lines)
        for lines in (tuple(line for _, line in group) for _, group in together)
    )


def pieces(text: str, span: Span, quote: Span) -> tuple[Piece, ...]:
    """The text of a span; what of it is in the quote is a piece of its own."""
    start, end = span
    first, last = max(start, quote[0]), min(end, quote[1])
    if first >= last:
        return (Piece("text", text[start:end]),)
    parts = (("text", start, first), ("quote", first, last), ("text", last, end))
    return tuple(
        Piece("quote" if kind == "quote" else "text", text[a:b]) for kind, a, b in parts if a < b
    )


def cell_spans(text: str, span: Span) -> list[Span]:
    """Where the cells of a row's line stand, if none of them holds what divides them."""
    start, end = span
    spans = []
    for cell in text[start:end].split(_BETWEEN_CELLS):
        spans.append((start, start + len(cell)))
        start += len(cell) + len(_BETWEEN_CELLS)
    return spans


def _group(number: int, line: Line) -> object:
    return line.kind if line.kind in ("item", "row") else number


def _spans(text: str, part: Span) -> Iterator[Span]:
    start, end = part
    for line in text[start:end].split("\n"):
        if line.strip():
            yield start, start + len(line)
        start += len(line) + 1


def _line(document: Document, span: Span, quote: Span) -> Line:
    text = document.text
    start, end = span
    for mark in _marks_at(document, start):
        if mark.kind == "heading":
            return Line("heading", (pieces(text, span, quote),), level=mark.level)
        if mark.kind == "row":
            return Line("row", tuple(pieces(text, one, quote) for one in cell_spans(text, span)))
    bullet = _BULLET.match(text, start, end)
    if bullet:
        label = "" if bullet[1] in "-•*" else bullet[1]
        return Line("item", (pieces(text, (bullet.end(), end), quote),), label)
    return Line("text", (pieces(text, span, quote),))


def _marks_at(document: Document, start: int) -> Sequence[Mark]:
    return [one for one in document.marks if one.start == start]
