"""A document as headings with what they head, and as lines with their offsets.

Knows the marks of a document and the small markup that readers keep (bullets). Makes no question.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pakar.types import Document, Mark

_BULLET = re.compile(r"[-*•·–—▪●]\s+")


@dataclass(frozen=True, slots=True)
class Line:
    """One line without its bullet; `text` is verbatim from `start` to `end`.

    `item` says whether it had a bullet; `kind` is what a mark says of it.
    """

    text: str
    start: int
    end: int
    item: bool
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and all lines until the next heading of its level or above.

    `own` are those before the next heading of any level.
    """

    heading: str
    level: int
    lines: tuple[Line, ...]
    own: tuple[Line, ...]


def lines_of(document: Document) -> list[Line]:
    """All lines that say something, in order; headings and table rows are marked as such."""
    kinds = {mark.start: mark for mark in document.marks if mark.kind in ("heading", "row")}
    found = []
    offset = 0
    for raw in document.text.split("\n"):
        start = offset + len(raw) - len(raw.lstrip())
        text = raw.strip()
        mark = kinds.get(start)
        bullet = _BULLET.match(text)
        if bullet is not None:
            start, text = start + bullet.end(), text[bullet.end() :]
        if text:
            kind = mark.kind if mark is not None else ""
            found.append(Line(text, start, start + len(text), bullet is not None, kind))
        offset += len(raw) + 1
    return found


def sections_of(document: Document) -> list[Section]:
    """Every heading with its lines, in the order of the document."""
    headings = [mark for mark in document.marks if mark.kind == "heading"]
    lines = lines_of(document)
    return [
        _section(mark, headings[number + 1 :], lines, len(document.text))
        for number, mark in enumerate(headings)
    ]


def _section(mark: Mark, later: list[Mark], lines: list[Line], end: int) -> Section:
    until = next((other.start for other in later if other.level <= mark.level), end)
    first = later[0].start if later else end
    inside = [line for line in lines if mark.end <= line.start < until]
    return Section(
        mark.value.strip(),
        mark.level,
        tuple(inside),
        tuple(line for line in inside if line.start < first),
    )


def tables_of(document: Document) -> Iterator[list[tuple[Line, list[tuple[str, str]]]]]:
    """Each table as rows of (column, value); a table whose rows differ in columns is left out."""
    lines = [line for line in lines_of(document) if line.kind == "row"]
    for table in (mark for mark in document.marks if mark.kind == "table"):
        rows = [line for line in lines if table.start <= line.start < table.end]
        cells = [(line, _cells(line.text)) for line in rows]
        columns = [column for column, _ in cells[0][1]] if cells else []
        whole = [
            (line, row) for line, row in cells if row and [column for column, _ in row] == columns
        ]
        if len(columns) > 1 and len(whole) == len(cells):
            yield whole


def _cells(text: str) -> list[tuple[str, str]]:
    parts = [part.partition(": ") for part in text.split(" | ")]
    if not all(middle and before.strip() for before, middle, _ in parts):
        return []
    return [(before.strip(), after.strip()) for before, _, after in parts]
