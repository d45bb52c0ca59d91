"""Pages of a PDF that have to be read from their picture: which they are, and how they are drawn.

Knows what a usable text layer is, and how large a picture may become. The engine is opened when
the first page needs it, so that a PDF with text never asks for one.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pypdfium2

from pakar.documents.pdf_layout import regions
from pakar.documents.pdf_page import Page
from pakar.documents.pdf_tables import find_tables
from pakar.documents.recognition import PageText, Picture, is_blank, recognise
from pakar.errors import MissingExtraError, PakarError
from pakar.ports import OcrEngine
from pakar.registry import open_ocr

# Characters without a code: more than this share, and the page's text is of no use.
DAMAGED_SHARE = 0.2
# A page that is mostly picture and says no more than a stamp or a page number is a scan.
_STAMP = 100
_MOSTLY = 0.5
_DOTS = 200.0
_LONGEST_SIDE = 2_000
_LEAST_DOTS = 10.0
_LOW = 0.8
# A dense page takes several seconds, and what was read before must not be lost.
_SHARE_OF_TIME = 0.6
_SHOWN = 10
_INCH = 72.0


class ScanReader:
    """Reads pages from their pictures, and remembers what the user should know of it."""

    def __init__(self, choice: str, seconds: float = math.inf) -> None:
        """`choice` is the setting reading.ocr. After most of the `seconds` that a file may take,
        no further page is read from its picture."""
        self._choice = choice
        self._end = time.monotonic() + _SHARE_OF_TIME * seconds
        self._late: list[int] = []
        self._engine: OcrEngine | None = None
        self._missing: PakarError | None = None
        self._read: list[Page] = []
        self._unread: list[int] = []

    @property
    def has_unread(self) -> bool:
        """Some pages were not read, and the warnings say why."""
        return bool(self._unread or self._late)

    @property
    def missing(self) -> PakarError | None:
        """Why no page could be read, where no engine is installed."""
        return self._missing

    def page(self, page: pypdfium2.PdfPage, found: Page) -> Page:
        """The page as it was found, or as its picture says where that says more."""
        if self._choice == "off" or not needs_picture(found):
            return found
        picture, dots = drawn(page)
        if is_blank(picture):
            return found
        engine = self._opened()
        if engine is None:
            self._unread.append(found.number)
            return found
        if self._is_late(found.number):
            return found
        text = recognise(picture, engine, dots)
        if text.characters <= 2 * (found.characters - found.damaged):
            return found
        return self.taken(found, text)

    def taken(self, found: Page, text: PageText) -> Page:
        """The page with the text of its picture."""
        read = page_of_text(found.number, text)
        self._read.append(read)
        return replace(read, images=found.images, covered=found.covered)

    def picture(self, number: int, picture: Picture, dots: float) -> Page | None:
        """A page that is nothing but a picture. None where no engine is installed."""
        engine = self._opened()
        if engine is None:
            self._unread.append(number)
            return None
        if self._is_late(number):
            return None
        return self.taken(_empty(number), recognise(picture, engine, dots))

    def warnings(self) -> list[str]:
        """One line each on what was read how surely, and what was not."""
        lines = []
        if self._read and self._engine is not None:
            letters = sum(page.characters for page in self._read)
            sure = sum((page.confidence or 0.0) * page.characters for page in self._read)
            pages = listed([page.number for page in self._read])
            mean = sure / letters if letters else 0.0
            lines.append(
                f"read by OCR ({self._engine.name}, confidence {mean:.2f}): page(s) {pages}"
            )
        low = [page.number for page in self._read if (page.confidence or 0.0) < _LOW]
        if low:
            lines.append(f"hard to read, so check the original: page(s) {listed(low)}")
        if self._unread and self._missing is not None:
            pages = listed(self._unread)
            lines.append(f"not read: page(s) {pages}: {self._missing}. {self._missing.hint}")
        if self._late:
            lines.append(
                f"not read, as OCR takes longer than reading.seconds: page(s) {listed(self._late)}"
            )
        return lines

    def _is_late(self, number: int) -> bool:
        if time.monotonic() < self._end:
            return False
        self._late.append(number)
        return True

    def _opened(self) -> OcrEngine | None:
        if self._engine is None and self._missing is None:
            try:
                self._engine = open_ocr(self._choice)
            except MissingExtraError as error:
                self._missing = error
        return self._engine


def needs_picture(page: Page) -> bool:
    """The page has no text of its own, or none that is of use."""
    if not page.regions:
        return True
    if page.damaged > DAMAGED_SHARE * max(1, page.characters):
        return True
    return page.covered >= _MOSTLY and page.characters < _STAMP


def drawn(page: pypdfium2.PdfPage) -> tuple[Picture, float]:
    """The page as a picture, and its pixels an inch: fewer where the page is very large."""
    longest = max(page.get_size()) / _INCH
    dots = max(_LEAST_DOTS, min(_DOTS, _LONGEST_SIDE / max(longest, 0.01)))
    if longest * dots > 2 * _LONGEST_SIDE:  # larger than a house
        return np.full((1, 1, 3), 255, np.uint8), dots
    bitmap = page.render(scale=dots / _INCH)
    try:
        return np.array(bitmap.to_numpy()[:, :, 2::-1]), dots
    finally:
        bitmap.close()


def page_of_text(number: int, text: PageText) -> Page:
    """A page in reading order from the words of its picture."""
    tables, words = find_tables(text.words, ())
    return Page(
        number=number,
        height=text.height,
        regions=tuple(regions(words, tables)),
        characters=text.characters,
        damaged=0,
        images=1,
        covered=1.0,
        confidence=text.confidence,
    )


def listed(numbers: Sequence[int]) -> str:
    """Numbers for a message, the first ten of them."""
    shown = ", ".join(str(number) for number in numbers[:_SHOWN])
    more = len(numbers) - _SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


def _empty(number: int) -> Page:
    return Page(number, 0.0, (), 0, 0, 1, 1.0)
