"""The values that the PDF reader's steps hand to each other.

All lengths are in points (1/72 inch). The origin is the upper left corner of the page as a person
reads it: x grows to the right, y grows downwards. Knows nothing of pdfium.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Word:
    """Characters without white space between them.

    `y` is the baseline, `size` the height of the font as drawn. `index` is the word's place in
    the order in which the page draws its text. `spaced` is true where the page has a space
    before the word. `confidence` is below 1 where it was read from a picture.
    """

    text: str
    x0: float
    x1: float
    y: float
    size: float
    bold: bool
    index: int
    spaced: bool = True
    confidence: float = 1.0

    @property
    def top(self) -> float:
        return self.y - 0.75 * self.size

    @property
    def bottom(self) -> float:
        return self.y + 0.2 * self.size


@dataclass(frozen=True, slots=True)
class Rule:
    """A drawn horizontal or vertical line; the one extent is much larger than the other."""

    x0: float
    x1: float
    top: float
    bottom: float

    @property
    def horizontal(self) -> bool:
        return self.x1 - self.x0 >= self.bottom - self.top


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text, its words in reading order.

    `first_width` is the width of the first word, `body_x0` where the second word starts (the
    text of a list item, after its bullet). `confidence` is that of the least sure word.
    """

    text: str
    x0: float
    x1: float
    y: float
    size: float
    bold: bool
    index: int
    first_width: float
    body_x0: float
    confidence: float = 1.0

    @property
    def top(self) -> float:
        return self.y - 0.75 * self.size

    @property
    def bottom(self) -> float:
        return self.y + 0.2 * self.size


@dataclass(frozen=True, slots=True)
class Table:
    """Cells as drawn. `columns` are the left edges of the columns.

    A cell's lines are parted by line breaks. `header_rows` is 1 where the drawing sets the first
    row apart as the header, 0 where it does not say.
    """

    x0: float
    x1: float
    top: float
    bottom: float
    index: int
    columns: tuple[float, ...]
    rows: tuple[tuple[str, ...], ...]
    header_rows: int = 0


@dataclass(frozen=True, slots=True)
class Region:
    """A stretch of the page that is read from top to bottom: one column, or the full width.

    `aside` is true for text drawn in another direction than the page's.
    """

    items: tuple[Line | Table, ...]
    x0: float
    x1: float
    aside: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """One page in reading order.

    `images` counts the pictures on it, `covered` is the share of the page that they cover,
    `damaged` counts the characters that have no code. `confidence` is a mean over the characters
    of a page that was read from its picture; None where the page has a text of its own.
    """

    number: int
    height: float
    regions: tuple[Region, ...]
    characters: int
    damaged: int
    images: int
    covered: float = 0.0
    confidence: float | None = None


def rows_of_words(words: Sequence[Word]) -> list[list[Word]]:
    """Words grouped by baseline from top to bottom, each group in reading order."""
    rows: list[list[Word]] = []
    for word in sorted(words, key=lambda word: (word.y, word.x0)):
        for row in reversed(rows[-2:]):
            if _same_baseline(row[0], word):
                row.append(word)
                break
        else:
            rows.append([word])
    return [_in_reading_order(row) for row in _with_raised_marks(rows)]


def text_of_words(words: Sequence[Word]) -> str:
    """Words joined as a line; scripts without spaces stay without."""
    parts: list[str] = []
    for position, word in enumerate(words):
        if position and (word.spaced or not _touching(words[position - 1], word)):
            parts.append(" ")
        parts.append(word.text)
    return "".join(parts)


def line_of_words(words: Sequence[Word]) -> Line:
    """The line that these words (in reading order) make."""
    sizes: dict[float, int] = {}
    for word in words:
        sizes[word.size] = sizes.get(word.size, 0) + len(word.text)
    lettered = [word for word in words if any(char.isalnum() for char in word.text)]
    return Line(
        text=text_of_words(words),
        x0=min(word.x0 for word in words),
        x1=max(word.x1 for word in words),
        y=words[0].y,
        size=max(sizes, key=lambda size: (sizes[size], size)),
        bold=bool(lettered) and all(word.bold for word in lettered),
        index=min(word.index for word in words),
        first_width=abs(words[0].x1 - words[0].x0),
        body_x0=words[1].x0 if len(words) > 1 else words[0].x0,
        confidence=min(word.confidence for word in words),
    )


def is_right_to_left(text: str) -> bool:
    """Hebrew or Arabic letters make up more than half of the text."""
    count = sum(1 for char in text if "\u0590" <= char <= "\u08ff" or "\ufb1d" <= char <= "\ufefc")
    return count * 2 > len(text)


def _same_baseline(first: Word, word: Word) -> bool:
    return abs(first.y - word.y) <= 0.35 * max(first.size, word.size)


def _with_raised_marks(rows: list[list[Word]]) -> list[list[Word]]:
    """Note marks and exponents stand above the line that they belong to: they join it."""
    joined: list[list[Word]] = []
    for row in rows:
        above = joined[-1] if joined else []
        size = max(word.size for word in row)
        small = above and max(word.size for word in above) <= 0.8 * size
        if small and row[0].y - above[0].y <= 0.6 * size:
            joined[-1] = [*row, *above]
        else:
            joined.append(row)
    return joined


def _in_reading_order(row: list[Word]) -> list[Word]:
    backwards = is_right_to_left("".join(word.text for word in row))
    return sorted(row, key=lambda word: -word.x1 if backwards else word.x0)


def _touching(left: Word, right: Word) -> bool:
    gap = max(right.x0 - left.x1, left.x0 - right.x1)
    return gap < 0.15 * max(left.size, right.size)
