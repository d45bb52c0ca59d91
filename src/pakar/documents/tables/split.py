"""Splits a document of tables: a passage a row, a row that is too long into several, the cards.

A passage is an exact span of the document. Nothing of a row is lost: what does not fit is cut at
the borders of cells, and a cell that is too long at white space; the pieces carry in their headings
what row and what column they are from. Knows the marks of tables, and no file.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from pakar.types import Document, Mark, Passage, PassageKind

CountTokens = Callable[[Sequence[str]], list[int]]

_BORDER = " | "
_CELL_NAME = re.compile(r"([^:|\n]{1,60}): ")
_LINE = re.compile(r"[^\n]+")
_SHORT = 60
# What an embedder adds to every text, and a border's tokens, at most.
_SPARE = 12
# Of ASCII text no tokenizer makes more tokens than it has characters.
_FEWEST_CHARACTERS = 8


@dataclass(frozen=True, slots=True)
class _Size:
    """`most` tokens a passage with its context at most; `aim` for what need not be whole."""

    most: int
    aim: int
    count: CountTokens


def split_tables(
    document: Document, *, max_tokens: int, size: int, count_tokens: CountTokens
) -> list[Passage]:
    """The passages of a document of tables, in the order of its text."""
    limits = _Size(max_tokens, min(size, max_tokens), count_tokens)
    rows = [mark for mark in document.marks if mark.kind == "row"]
    cards = [mark for mark in document.marks if mark.kind == "card"]
    found = _rows(document, rows, limits)
    for card in cards:
        found += _lines(document, card, "summary", limits)
    for gap in _between(document, rows, cards):
        found += _lines(document, gap, "content", limits)
    return sorted(found, key=lambda passage: passage.start)


def _rows(document: Document, rows: Sequence[Mark], limits: _Size) -> list[Passage]:
    at = _Headings(document)
    whole = [_passage(document, row.start, row.end, "row", at, row.value) for row in rows]
    unsure = [one for one in whole if not _surely_fits(one, limits.most)]
    counts = limits.count([_embedded(one) for one in unsure]) if unsure else []
    long = {one.start for one, n in zip(unsure, counts, strict=True) if n > limits.most}
    if not long:
        return whole
    return [
        piece for one in whole for piece in (_cut_row(one, limits) if one.start in long else [one])
    ]


def _surely_fits(passage: Passage, most: int) -> bool:
    text = _embedded(passage)
    return len(text) + _SPARE <= most and text.isascii()


def _cut_row(row: Passage, limits: _Size) -> list[Passage]:
    """A row's pieces: as many cells as fit, and long cells by themselves, cut at white space."""
    cells = list(_cells(row.text))
    first = row.text[cells[0][0] : cells[0][1]]
    headings = (*row.headings, first if len(first) <= _SHORT else f"{first[:_SHORT]}…")
    context = replace(row, text="", headings=headings)
    counts = limits.count([_embedded(_part(context, row, start, end)) for start, end in cells])
    empty = limits.count([_embedded(context)])[0]
    pieces: list[Passage] = []
    start, tokens = 0, empty
    for (begin, end), count in zip(cells, counts, strict=True):
        own = count - empty + 2
        if tokens + own > limits.most - _FEWEST_CHARACTERS and begin > start:
            pieces.append(_part(context, row, start, begin - len(_BORDER)))
            start, tokens = begin, empty
        if count > limits.most:
            pieces += _cut_cell(context, row, (begin, end), limits)
            start, tokens = min(end + len(_BORDER), len(row.text)), empty
        else:
            tokens += own
    if start < len(row.text):
        pieces.append(_part(context, row, start, len(row.text)))
    return [replace(piece, headings=row.headings) if not at and piece.start == row.start else piece
            for at, piece in enumerate(_fitting(pieces, limits))]  # fmt: skip


def _cut_cell(
    context: Passage, row: Passage, span: tuple[int, int], limits: _Size
) -> list[Passage]:
    begin, end = span
    name = _CELL_NAME.match(row.text[begin:end])
    inside = context
    if name:
        inside = replace(context, headings=(*context.headings, name.group(1)))
    return _fitting([_part(inside, row, begin, end)], limits)


def _fitting(pieces: list[Passage], limits: _Size) -> list[Passage]:
    """The pieces, those halved (and halved again) that are still too long."""
    found: list[Passage] = []
    while pieces:
        counts = limits.count([_embedded(piece) for piece in pieces])
        waiting: list[Passage] = []
        for piece, count in zip(pieces, counts, strict=True):
            if count <= limits.most or len(piece.text) <= 1:
                found.append(piece)
            elif len(piece.text) < _FEWEST_CHARACTERS and piece.headings:
                waiting.append(replace(piece, headings=(), title=""))
            else:
                waiting += _shares(piece, -(-count // limits.most))
        pieces = waiting
    return sorted(found, key=lambda piece: piece.start)


def _shares(piece: Passage, parts: int) -> Iterator[Passage]:
    """A piece in about so many parts, cut at white space where there is some."""
    length = max(1, min(len(piece.text) // parts, int(len(piece.text) * 0.9)))
    start = 0
    while start < len(piece.text):
        end = min(len(piece.text), start + length)
        if end < len(piece.text):
            space = piece.text.rfind(" ", start + length // 2, end)
            end = space if space > start else end
        yield _part(piece, piece, start, end)
        start = end + 1 if piece.text[end : end + 1] == " " else end


def _cells(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    while (border := text.find(_BORDER, start)) >= 0:
        if border > start:
            yield start, border
        start = border + len(_BORDER)
    if start < len(text):
        yield start, len(text)


def _part(like: Passage, row: Passage, start: int, end: int) -> Passage:
    """The span of a row's text, with the title and headings of `like`."""
    return replace(
        like,
        kind=row.kind,
        start=row.start + start,
        end=row.start + end,
        text=row.text[start:end],
    )


def _lines(document: Document, span: Mark, kind: PassageKind, limits: _Size) -> list[Passage]:
    """Lines of a span, as many together as fit, none cut that fits whole."""
    lines = [
        (span.start + match.start(), span.start + match.end())
        for match in _LINE.finditer(document.text[span.start : span.end])
        if match.group().strip()
    ]
    if not lines:
        return []
    at = _Headings(document)
    texts = [_embedded(_passage(document, start, end, kind, at)) for start, end in lines]
    counts = limits.count(texts)
    groups: list[list[tuple[int, int]]] = [[lines[0]]]
    tokens = counts[0]
    for line, count in zip(lines[1:], counts[1:], strict=True):
        if tokens + count > limits.aim:
            groups.append([])
            tokens = 0
        groups[-1].append(line)
        tokens += count
    made = [_passage(document, group[0][0], group[-1][1], kind, at) for group in groups]
    return _fitting(made, limits)


def _between(document: Document, rows: Sequence[Mark], cards: Sequence[Mark]) -> Iterator[Mark]:
    """What is neither row nor card nor only a heading: titles and notes above tables."""
    taken = sorted([*rows, *cards], key=lambda mark: mark.start)
    headings = [mark for mark in document.marks if mark.kind == "heading"]
    taken = sorted([*taken, *headings], key=lambda mark: mark.start)
    at = 0
    for mark in taken:
        if document.text[at : mark.start].strip():
            yield Mark("table", at, mark.start)
        at = max(at, mark.end)
    if document.text[at:].strip():
        yield Mark("table", at, len(document.text))


def _passage(
    document: Document, start: int, end: int, kind: PassageKind, at: _Headings, place: str = ""
) -> Passage:
    return Passage(
        document=document.name,
        start=start,
        end=end,
        text=document.text[start:end],
        kind=kind,
        title=document.title,
        headings=at.path(start),
        language=document.language,
        place=place,
    )


class _Headings:
    """The sheet or table at an offset; tables have one level of headings."""

    def __init__(self, document: Document) -> None:
        self._marks = [mark for mark in document.marks if mark.kind == "heading"]
        self._starts = [mark.start for mark in self._marks]

    def path(self, offset: int) -> tuple[str, ...]:
        at = bisect_right(self._starts, offset)
        return (self._marks[at - 1].value,) if at else ()


def _embedded(passage: Passage) -> str:
    return f"{passage.context}\n{passage.text}" if passage.context else passage.text
