"""Turns a PDF's lines and tables into headings, paragraphs, list items and table rows.

Knows nothing of pdfium. A line begins a new block where the space above it, its indent, its font
or its list mark says so.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from statistics import median

from pakar.documents.builder import TextBuilder
from pakar.documents.pdf_headings import HeadingStyles
from pakar.documents.pdf_joining import Vocabulary, join_lines
from pakar.documents.pdf_page import Line, Page, Region, Table
from pakar.documents.pdf_tables import continues, header_of

_BULLET = re.compile(r"[•◦▪▫●○■□‣⁃∙·➢✓✔➤▶►❖♦◆\ue000-\uf8ff]\s*(?=\S)|[-–—*∗]\s+(?=\S)")
_NUMBER = re.compile(r"(\d{1,3}[.)]|\(\d{1,3}\)|\(?[a-z]\)|\(?[ivx]{1,5}\)|[a-z]\.)\s+(?=\S)")
_SENTENCE_END = (".", ":", "!", "?", ";", "。")
_LOOSER = 1.25
_USUAL_LEADING = 1.25
_FARTHEST_LEADING = 2.0
_INDENT = 0.8
_SPARE = 0.1
_ALIGNED = 3.0
# Blocks read from a picture less surely than this are marked one by one.
UNSURE = 0.8


class BlockWriter:
    """Writes a document's pages into a builder."""

    def __init__(self, pages: Sequence[Page]) -> None:
        lines = [line for page in pages for region in page.regions for line in _lines(region)]
        self.builder = TextBuilder()
        self._styles = HeadingStyles(
            line for page in pages for region in page.regions if not region.aside
            for line in _lines(region)
        )  # fmt: skip
        self._vocabulary = Vocabulary(line.text for line in lines)
        self._leading = _leading(pages)
        # The table that ended the page before, with its header: it may go on.
        self._unfinished: tuple[Table, tuple[str, ...]] | None = None

    def write(self, page: Page) -> None:
        """One page, in reading order."""
        self.builder.begin("page", str(page.number), confidence=page.confidence)
        items = [(item, region) for region in page.regions for item in region.items]
        for region in page.regions:
            for block in self._blocks(region):
                if isinstance(block, Table):
                    self._table(block, first=block is items[0][0])
                else:
                    self._lines(block, aside=region.aside)
        if items and not isinstance(items[-1][0], Table):
            self._unfinished = None

    def _blocks(self, region: Region) -> Iterator[Table | list[Line]]:
        block: list[Line] = []
        following = [*region.items[1:], None]
        for item, after in zip(region.items, following, strict=True):
            if isinstance(item, Table):
                if block:
                    yield block
                block = []
                yield item
                continue
            next_line = after if isinstance(after, Line) else None
            if block and self._begins(block, item, next_line, region):
                yield block
                block = []
            block.append(item)
        if block:
            yield block

    def _begins(self, block: list[Line], line: Line, after: Line | None, region: Region) -> bool:
        last = block[-1]
        if self._in_other_font(last, line) or self._is_set_off(last, line):
            return True
        if _BULLET.match(line.text):
            return True
        listed = _is_listed(block[0])
        if _NUMBER.match(line.text) and (listed or _has_room(last, line, region)):
            return True
        if listed:
            return line.x0 < block[0].x0 + _ALIGNED and _has_room(last, line, region)
        if self._styles.may_be_heading(line):
            return False
        return _is_indented(last, line, after) or (
            last.text.endswith(_SENTENCE_END) and _has_room(last, line, region)
        )

    def _in_other_font(self, last: Line, line: Line) -> bool:
        """The one line is in a heading's font and the other is not, or in another one's."""
        headings = self._styles.may_be_heading(last), self._styles.may_be_heading(line)
        return any(headings) and not (all(headings) and self._styles.same_font(last, line))

    def _is_set_off(self, last: Line, line: Line) -> bool:
        size = max(last.size, line.size)
        return not 0 <= line.y - last.y <= _LOOSER * self._leading * size

    def _lines(self, block: list[Line], *, aside: bool) -> None:
        text = join_lines([line.text for line in block], self._vocabulary)
        if bullet := _BULLET.match(text):
            self.builder.item(text[bullet.end() :])
        elif not aside and (level := self._styles.level(block)):
            self.builder.heading(text, level)
        elif number := _NUMBER.match(text):
            self.builder.item(text[number.end() :], bullet=number.group(1))
        else:
            self.builder.paragraph(text)
        if (confidence := min(line.confidence for line in block)) < UNSURE:
            self.builder.unsure(confidence)

    def _table(self, table: Table, *, first: bool) -> None:
        before = self._unfinished if first else None
        header = header_of(table)
        rows: Sequence[tuple[str, ...]] = table.rows[1:] if header else table.rows
        if before and not table.header_rows and continues(table, before[0]):
            header = before[1]
            rows = table.rows[1:] if table.rows[0] == header else table.rows
        self._unfinished = (table, header) if header else None
        cells = [[self._cell(cell) for cell in row] for row in rows]
        if header is None and len(table.columns) == 2:
            cells = [[_pair(*row)] for row in cells]
        self.builder.table([self._cell(cell) for cell in header or ()], cells)

    def _cell(self, text: str) -> str:
        return join_lines(text.split("\n"), self._vocabulary)


def _lines(region: Region) -> list[Line]:
    return [item for item in region.items if isinstance(item, Line)]


def _leading(pages: Sequence[Page]) -> float:
    """The usual distance between baselines in a paragraph, in font sizes."""
    found = []
    for page in pages:
        for region in page.regions:
            lines = _lines(region)
            for last, line in itertools.pairwise(lines):
                ratio = (line.y - last.y) / line.size if line.size == last.size else 0.0
                if 0.8 <= ratio <= _FARTHEST_LEADING and abs(line.x0 - last.x0) < _ALIGNED:
                    found.append(ratio)
    return median(found) if found else _USUAL_LEADING


def _is_listed(line: Line) -> bool:
    return bool(_BULLET.match(line.text) or _NUMBER.match(line.text))


def _has_room(last: Line, line: Line, region: Region) -> bool:
    """The line's first word had fitted well on the line before: the break was meant."""
    spare = _SPARE * (region.x1 - region.x0)
    return last.x1 + 0.3 * line.size + line.first_width + spare < region.x1


def _is_indented(last: Line, line: Line, after: Line | None) -> bool:
    """A paragraph's first line, not the rest of a hanging one: the line after it goes back."""
    indent = _INDENT * line.size
    if not indent <= line.x0 - last.x0 <= 6 * indent:
        return False
    return after is None or after.x0 < line.x0 - indent / 2


def _pair(name: str, value: str) -> str:
    if not name or not value:
        return name or value
    return f"{name} {value}" if name.endswith((":", "?")) else f"{name}: {value}"
