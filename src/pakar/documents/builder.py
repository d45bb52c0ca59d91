"""Builds a document's text block by block and keeps the marks at exact offsets.

Every reader writes through this builder, so that the same content gives the same text whatever
format it came in. Knows nothing of files or formats.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pakar.ports import Extracted
from pakar.types import Mark, MarkKind

_SPACES = re.compile(r"\s+")
# Marks that show nothing and would only keep equal words from being found equal: soft hyphens,
# zero-width spaces, byte order marks, control characters.
_INVISIBLE = re.compile(r"[\u00ad\u200b\u2060\ufeff\x00-\x08\x0e-\x1b\x7f]")
_LONE_SURROGATE = re.compile(r"[\ud800-\udfff]")
# Left over where a file was converted from Markdown that wrote its signs twice.
_MARKDOWN_SIGNS = re.compile(r"(?:#{1,6}\s+)+(?=\S)")


class TextBuilder:
    """Collects headings, paragraphs, list items and tables into text and marks.

    Blocks are separated by one empty line, list items and table rows by a line break. All white
    space inside a block becomes single spaces, so a block never holds a line break.
    """

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0
        self._marks: list[Mark] = []
        self._open: tuple[MarkKind, str, int] | None = None
        self._confidence: float | None = None
        self._last = (0, 0)
        self._last_was_line = False
        self.title = ""

    @property
    def is_empty(self) -> bool:
        return self._length == 0

    def heading(self, text: str, level: int) -> None:
        """`level` counts from 1. The first heading of level 1 becomes the title."""
        words = clean(text)
        words = _MARKDOWN_SIGNS.sub("", words, count=1) if words.startswith("#") else words
        if not words:
            return
        start = self._block(words, gap="\n\n")
        self._marks.append(Mark("heading", start, self._length, words, max(1, level)))
        if level == 1 and not self.title:
            self.title = words

    def paragraph(self, text: str) -> None:
        words = clean(text)
        if words:
            self._block(words, gap="\n\n")

    def item(self, text: str, *, bullet: str = "-") -> None:
        """One list item; items in a row stand on lines of their own without gaps."""
        words = clean(text)
        if words:
            gap = "\n" if self._last_was_line else "\n\n"
            self._block(f"{bullet} {words}" if bullet else words, gap=gap)
            self._last_was_line = True

    def table(self, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Each row becomes one line in which every cell carries its column's name.

        Cells without a value are left out; cells beyond the header stand alone.
        """
        names = [clean(name) for name in header]
        lines = [line for row in rows if (line := _row_line(names, row))]
        if not lines and any(names):
            lines = [" | ".join(name for name in names if name)]
        if not lines:
            return
        first: int | None = None
        for number, line in enumerate(lines):
            start = self._block(line, gap="\n" if number else "\n\n")
            first = start if first is None else first
            self._marks.append(Mark("row", start, self._length))
        self._marks.append(Mark("table", first or 0, self._length))

    def begin(self, kind: MarkKind, value: str, *, confidence: float | None = None) -> None:
        """Starts a page or slide; the one before it ends here.

        `confidence` says how surely the page was read from a picture, if it was.
        """
        self.finish()
        self._open = (kind, value, self._length)
        self._confidence = confidence

    def unsure(self, confidence: float) -> None:
        """Marks the block just written as read from a picture with this confidence."""
        start, end = self._last
        if start < end:
            self._marks.append(Mark("ocr", start, end, f"{confidence:.2f}"))

    def finish(self) -> None:
        """Ends the open page or slide."""
        if self._open is None:
            return
        kind, value, start = self._open
        text_start = min(start + (2 if start else 0), self._length)
        if text_start < self._length:
            self._marks.append(Mark(kind, text_start, self._length, value))
            if self._confidence is not None:
                sure = f"{self._confidence:.2f}"
                self._marks.append(Mark("ocr", text_start, self._length, sure))
        self._open = None
        self._confidence = None
        self._last_was_line = False

    def extracted(self, *, warnings: Sequence[str] = ()) -> Extracted:
        """The text so far with its marks, ordered by start, the longer first."""
        self.finish()
        marks = tuple(sorted(self._marks, key=lambda mark: (mark.start, -mark.end)))
        return Extracted("".join(self._parts), marks, self.title, tuple(warnings))

    def _block(self, text: str, *, gap: str) -> int:
        if self._length:
            self._parts.append(gap)
            self._length += len(gap)
        start = self._length
        self._parts.append(text)
        self._length += len(text)
        self._last = (start, self._length)
        self._last_was_line = False
        return start


def _row_line(names: Sequence[str], row: Sequence[str]) -> str:
    cells = []
    for position, cell in enumerate(row):
        value = clean(cell)
        name = names[position] if position < len(names) else ""
        if value:
            cells.append(f"{name}: {value}" if name and name != value else value)
    return " | ".join(cells)


def clean(text: str) -> str:
    """The words without invisible marks, white space as single spaces."""
    # Most texts are clean; what is not printable has every mark and white space but the space.
    if text.isprintable() and "  " not in text and text[:1] != " " and text[-1:] != " ":
        return text
    visible = _LONE_SURROGATE.sub("\ufffd", _INVISIBLE.sub("", text))
    return _SPACES.sub(" ", visible).strip()
