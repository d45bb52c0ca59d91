"""Which OCR engine the settings mean.

`auto` is RapidOCR where pakar[ocr] is installed, else Tesseract where that is.
"""

from __future__ import annotations

from pakar.backends import rapidocr_engine, tesseract_engine
from pakar.errors import MissingExtraError
from pakar.ports import OcrEngine


def open_engine(choice: str) -> OcrEngine:
    """Raises MissingExtraError where the chosen engine, or for "auto" every one, is missing."""
    if choice == "tesseract":
        return tesseract_engine.open_engine()
    try:
        return rapidocr_engine.open_engine()
    except MissingExtraError:
        if choice != "auto":
            raise
    try:
        return tesseract_engine.open_engine()
    except MissingExtraError:
        raise MissingExtraError(
            "reading scans needs pakar[ocr] or Tesseract, and neither is installed",
            hint='In the checkout of pakar: pip install -c constraints.txt -e ".[ocr]"',
        ) from None
