"""Draws pages as pictures, and stands in for an OCR engine, for the tests."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import reportlab
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from pakar.ports import OcrLine

_FONT = Path(reportlab.__file__).parent / "fonts" / "Vera.ttf"
WIDTH, HEIGHT = 1000, 1414
Placed = tuple[str, float, float]


def page(lines: Sequence[str], *, size: int = 34, turn: int = 0, skew: float = 0.0) -> Image.Image:
    """A white page with these lines, turned by quarters anticlockwise and skewed by degrees."""
    image = Image.new("RGB", (WIDTH, HEIGHT), "white")
    draw = ImageDraw.Draw(image)
    font = ImageFont.truetype(str(_FONT), size)
    for number, line in enumerate(lines):
        draw.text((90, 120 + number * size * 1.6), line, fill="black", font=font)
    if skew:
        image = image.rotate(skew, fillcolor="white", resample=Image.Resampling.BICUBIC)
    return image.rotate(90 * turn, expand=True)


def pdf(path: Path, *pages: Image.Image | str) -> Path:
    """A PDF; a picture fills its page, a string is a line of text on a page."""
    canvas = Canvas(str(path), pagesize=A4)
    for one in pages:
        if isinstance(one, str):
            canvas.drawString(72, 700, one)
        else:
            buffer = io.BytesIO()
            one.save(buffer, "PNG")
            buffer.seek(0)
            canvas.drawImage(ImageReader(buffer), 0, 0, *A4)
        canvas.showPage()
    canvas.save()
    return path


class ScriptedOcr:
    """Finds what it is told, at the places it is told: (text, left, top) in pixels.

    Its letters are 12 by 24 pixels. In pictures turned otherwise than by `upright` quarters it
    reads nonsense, unsurely, as real engines do. `slope` tilts every line.
    """

    name = "Scripted"

    def __init__(
        self,
        lines: Sequence[Placed],
        *,
        confidence: float = 0.99,
        upside_down: bool = False,
        slope: float = 0.0,
    ) -> None:
        self._lines = lines
        self._confidence = confidence
        self._upside_down = upside_down
        self._slope = slope
        self.pictures: list[tuple[int, ...]] = []

    def read(self, image: NDArray[np.uint8]) -> list[OcrLine]:
        self.pictures.append(image.shape)
        if self._upside_down and len(self.pictures) % 2:
            return [self._line("wrong " + text[::-1], x, y, 0.4) for text, x, y in self._lines]
        return [self._line(text, x, y, self._confidence) for text, x, y in self._lines]

    def _line(self, text: str, x: float, y: float, confidence: float) -> OcrLine:
        width = 12.0 * len(text)

        def at(right: float, down: float) -> tuple[float, float]:
            return x + right, y + down + self._slope * (x + right)

        corners = (at(0, 0), at(width, 0), at(width, 24), at(0, 24))
        return OcrLine(text, corners, confidence)
