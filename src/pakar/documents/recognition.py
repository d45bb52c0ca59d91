"""From the picture of a page to words at their places: rights the page, and reads it.

Knows turned and skewed pages and how large the letters of a line are. Which library reads, and
where the picture comes from, others know.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np
from numpy.typing import NDArray

from pakar.documents.pdf_page import Word
from pakar.ports import OcrEngine, OcrLine

Picture = NDArray[np.uint8]

# A page read less surely than this may stand upside down.
_DOUBTFUL = 0.85
_FEWEST = 3
# Letters are this part of the box that engines draw around a line.
_LETTERS = 0.8
_SAME_SIZE = 0.25
_SIZE_STEP = 1.3
_SMALLEST_SKEW = math.radians(0.2)
_BLANK_SPREAD = 8
_POINTS = 72.0


@dataclass(frozen=True, slots=True)
class PageText:
    """What a picture says. Lengths are points of the righted page; `confidence` is the mean over
    the characters, `turn` how many quarter turns anticlockwise righted the page."""

    words: tuple[Word, ...]
    width: float
    height: float
    confidence: float
    turn: int

    @property
    def characters(self) -> int:
        return sum(len(word.text) for word in self.words)


@dataclass(frozen=True, slots=True)
class _Reading:
    lines: tuple[OcrLine, ...]
    turn: int

    @property
    def letters(self) -> int:
        return sum(len(line.text) for line in self.lines)

    @property
    def confidence(self) -> float:
        total = sum(line.confidence * len(line.text) for line in self.lines)
        return total / self.letters if self.letters else 0.0

    @property
    def worth(self) -> float:
        """Many letters, surely read; doubt counts much, as wrong turns give as many letters."""
        return sum(line.confidence**3 * len(line.text) for line in self.lines)


def recognise(picture: Picture, engine: OcrEngine, dots: float) -> PageText:
    """Reads a page. `dots` are the picture's pixels an inch."""
    height, width, _ = picture.shape
    if is_blank(picture):
        return PageText((), width / dots * _POINTS, height / dots * _POINTS, 0.0, 0)
    best = _best_turn(picture, engine)
    if best.letters < _FEWEST and best.confidence < _DOUBTFUL:
        best = _Reading((), best.turn)  # a drawing that was taken for a letter
    if best.turn % 2:
        height, width = width, height
    scale = _POINTS / dots
    words = _words(_straightened(best.lines, width, height), scale)
    return PageText(words, width * scale, height * scale, best.confidence, best.turn)


def is_blank(picture: Picture) -> bool:
    """The picture has one colour, but for traces."""
    sample = picture[::4, ::4]
    low, high = np.percentile(sample, (0.05, 99.95))
    return int(high) - int(low) < _BLANK_SPREAD


def _best_turn(picture: Picture, engine: OcrEngine) -> _Reading:
    """Turned pages show themselves: by lines that stand, or by a doubtful reading."""
    found = _read(picture, engine, 0)
    if not found.lines:
        return found
    standing = sum(len(line.text) for line in found.lines if _stands(line))
    if 2 * standing > found.letters:
        turned = [_read(picture, engine, turn) for turn in (1, 3)]
        # Columns of Chinese or Japanese stand too, and are right as they are.
        return max([*turned, found] if _is_han(found) else turned, key=lambda one: one.worth)
    if found.confidence >= _DOUBTFUL:
        return found
    return max(found, _read(picture, engine, 2), key=lambda one: one.worth)


def _read(picture: Picture, engine: OcrEngine, turn: int) -> _Reading:
    lines = engine.read(np.ascontiguousarray(np.rot90(picture, turn)))
    return _Reading(tuple(line for line in lines if line.text.strip()), turn)


def _stands(line: OcrLine) -> bool:
    xs, ys = [x for x, _ in line.corners], [y for _, y in line.corners]
    return max(ys) - min(ys) > 1.5 * (max(xs) - min(xs))


def _is_han(reading: _Reading) -> bool:
    han = sum(1 for line in reading.lines for char in line.text if "\u3040" <= char <= "\u9fff")
    return 2 * han > reading.letters


def _straightened(lines: Sequence[OcrLine], width: float, height: float) -> list[OcrLine]:
    """The lines as if the paper had lain straight: turned back around the middle of the page."""
    slopes = [_slope(line) for line in lines if _length(line) > 0.15 * width]
    skew = median(slopes) if slopes else 0.0
    if abs(skew) < _SMALLEST_SKEW:
        return list(lines)
    cos, sin = math.cos(-skew), math.sin(-skew)
    x0, y0 = width / 2, height / 2
    return [
        OcrLine(
            line.text,
            tuple(
                (x0 + (x - x0) * cos - (y - y0) * sin, y0 + (x - x0) * sin + (y - y0) * cos)
                for x, y in line.corners
            ),
            line.confidence,
        )
        for line in lines
    ]


def _slope(line: OcrLine) -> float:
    (ax, ay), (bx, by) = line.corners[:2]
    return math.atan2(by - ay, bx - ax)


def _length(line: OcrLine) -> float:
    (ax, ay), (bx, by) = line.corners[:2]
    return math.hypot(bx - ax, by - ay)


def _words(lines: Sequence[OcrLine], scale: float) -> tuple[Word, ...]:
    body = _body_height(lines)
    words: list[Word] = []
    for line in lines:
        xs, ys = [x for x, _ in line.corners], [y for _, y in line.corners]
        height = _size(_height(line), body)
        size = max(1.0, round(_LETTERS * height * scale * 2) / 2)
        # The box is drawn around the letters evenly: its middle says where the line is.
        y = (min(ys) + max(ys)) / 2 * scale + 0.275 * size
        words += _parted(line, min(xs) * scale, max(xs) * scale, (y, size), len(words))
    return tuple(words)


def _height(line: OcrLine) -> float:
    upper_left, upper_right, lower_right, lower_left = line.corners
    return (math.dist(upper_left, lower_left) + math.dist(upper_right, lower_right)) / 2


def _body_height(lines: Sequence[OcrLine]) -> float:
    """The height of the line that holds the page's middle letter."""
    heights = sorted((_height(line), len(line.text)) for line in lines)
    left = sum(letters for _, letters in heights) / 2
    for height, letters in heights:
        left -= letters
        if left <= 0:
            return height
    return 1.0


def _size(height: float, body: float) -> float:
    """Boxes differ with their letters: heights near the body's are the body's, others in steps."""
    ratio = height / body if body > 0 else 1.0
    if abs(ratio - 1) <= _SAME_SIZE or ratio <= 0:
        return body
    return body * _SIZE_STEP ** round(math.log(ratio, _SIZE_STEP))


def _parted(
    line: OcrLine, x0: float, x1: float, place: tuple[float, float], first: int
) -> list[Word]:
    """The words of a line, each as wide as its share of the characters."""
    y, size = place
    per_letter = (x1 - x0) / max(1, len(line.text))
    words: list[Word] = []
    start = 0
    for text in line.text.split(" "):
        if text.strip():
            left = x0 + start * per_letter
            right = left + len(text) * per_letter
            words.append(
                Word(text, left, right, y, size, False, first + len(words),
                     confidence=line.confidence)
            )  # fmt: skip
        start += len(text) + 1
    return words
