"""A document as a tree of sections, each with its blocks, lines and sentences.

Knows the marks that readers leave in a text. Knows nothing of tokens or sizes: `packing.py`
decides what goes together.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from pakar.language.sentences import sentence_spans
from pakar.types import Document, Mark

_LINE = re.compile(r"[^\n]*[^\s][^\n]*")
_DEEPEST = 12


@dataclass(frozen=True, slots=True)
class Atom:
    """The smallest span that is not cut: a sentence, a heading or a table row.

    `line` and `block` number the line and the block (lines without an empty line between them)
    that it belongs to.
    """

    start: int
    end: int
    line: int
    block: int
    row: bool = False


@dataclass(slots=True)
class Section:
    """A heading with what stands below it; the outermost has no heading.

    `own` are the heading and what comes before the first sub-section; `path` the headings from
    the outermost to this one.
    """

    level: int
    path: tuple[str, ...]
    own: list[Atom] = field(default_factory=list)
    children: list[Section] = field(default_factory=list)


def outline(document: Document) -> Section:
    """The document's tree. Its atoms, in order, hold every character that is not white space."""
    headings = {mark.start: mark for mark in document.marks if mark.kind == "heading"}
    rows = {mark.start for mark in document.marks if mark.kind == "row"}
    heading_starts = sorted(headings)
    root = Section(0, ())
    open_sections = [root]
    at = block = 0
    previous_end = 0
    for number, match in enumerate(_LINE.finditer(document.text)):
        start, end = match.span()
        block += document.text.count("\n", previous_end, start) > 1
        previous_end = end
        found: Mark | None = None
        while at < len(heading_starts) and heading_starts[at] < end:
            found = headings[heading_starts[at]]
            at += 1
        if found is not None:
            _open_section(open_sections, found)
        whole = found is not None or _holds(rows, start, end, match.group())
        open_sections[-1].own += _atoms(document, (start, end), whole, (number, block))
    return root


def _open_section(open_sections: list[Section], heading: Mark) -> None:
    level = min(max(1, heading.level), _DEEPEST)
    while open_sections[-1].level >= level:
        open_sections.pop()
    parent = open_sections[-1]
    section = Section(level, (*parent.path, heading.value))
    parent.children.append(section)
    open_sections.append(section)


def _holds(rows: set[int], start: int, end: int, line: str) -> bool:
    """Whether a row begins with the line's words."""
    return start + len(line) - len(line.lstrip()) in rows


def _atoms(
    document: Document, span: tuple[int, int], whole: bool, place: tuple[int, int]
) -> list[Atom]:
    start, end = span
    text = document.text[start:end]
    if whole:
        stripped = text.strip()
        begin = start + text.index(stripped)
        return [Atom(begin, begin + len(stripped), *place, row=True)]
    sentences = sentence_spans(text, document.language)
    return [Atom(start + first, start + last, *place) for first, last in sentences]
