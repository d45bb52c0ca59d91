"""A part of a document's text as a reader wants to see it: cut at lines, with its headings and, in
it, the quote. Knows documents and no HTML.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pakar.types import Document

AROUND = 1_500
WHOLE = 20_000
PieceKind = Literal["text", "heading", "quote"]


@dataclass(frozen=True, slots=True)
class Piece:
    kind: PieceKind
    text: str


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The pieces together are the document's text from `start` to `end`."""

    pieces: tuple[Piece, ...]
    start: int
    end: int
    total: int


def around(document: Document, start: int, end: int) -> Excerpt:
    """The text around a span, which is the quote."""
    text = document.text
    first = _line_start(text, max(0, start - AROUND))
    last = _line_end(text, min(len(text), end + AROUND))
    pieces = [
        *_with_headings(document, first, start),
        *([Piece("quote", text[start:end])] if end > start else []),
        *_with_headings(document, end, last),
    ]
    return Excerpt(tuple(pieces), first, last, len(text))


def part(document: Document, start: int) -> Excerpt:
    """A long part of the text, from the line of an offset on."""
    text = document.text
    first = _line_start(text, max(0, min(start, len(text))))
    last = _line_end(text, min(len(text), first + WHOLE))
    return Excerpt(tuple(_with_headings(document, first, last)), first, last, len(text))


def _with_headings(document: Document, start: int, end: int) -> list[Piece]:
    pieces: list[Piece] = []
    at = start
    for mark in document.marks:
        if mark.kind == "heading" and at <= mark.start < mark.end <= end:
            if mark.start > at:
                pieces.append(Piece("text", document.text[at : mark.start]))
            pieces.append(Piece("heading", document.text[mark.start : mark.end]))
            at = mark.end
    if at < end:
        pieces.append(Piece("text", document.text[at:end]))
    return pieces


def _line_start(text: str, at: int) -> int:
    """The beginning of the line, where that is not far away."""
    start = text.rfind("\n", max(0, at - AROUND), at) + 1
    return start or (0 if at <= AROUND else at)


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at, at + AROUND)
    return end if end >= 0 else min(at, len(text))
