"""Reads pictures of text: PNG, JPEG, TIFF (each of its pictures is a page), BMP, WEBP.

Knows image files and how large they may be. What the picture says, `recognition.py` finds.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pakar.backends.extras import require
from pakar.documents.pdf import written
from pakar.documents.pdf_scans import ScanReader
from pakar.documents.recognition import Picture
from pakar.errors import SourceError
from pakar.ports import Extracted

if TYPE_CHECKING:
    from PIL.Image import Image as Opened

_MOST_PIXELS = 100_000_000
_MOST_PAGES = 500
# Larger pictures are made smaller before they are read: enough for a page at 200 dots an inch.
_LONGEST_SIDE = 2_000
_A4_LONG_INCHES = 11.7
_DAMAGED = "open it in an image program, save it anew, and add that"


class ImageReader:
    """Reads one image file by OCR."""

    def __init__(self, *, ocr: str = "auto", seconds: float = math.inf) -> None:
        """`ocr` is the setting of that name; it has these `seconds`."""
        self._ocr = ocr
        self._seconds = seconds

    def read(self, path: Path) -> Extracted:
        """Raises SourceError where the image is damaged, too large or shows no text, and
        MissingExtraError where no OCR engine is installed."""
        if self._ocr == "off":
            raise SourceError(
                f"{path.name}: is an image, and OCR is off",
                hint='set reading.ocr to "auto" in pakar.toml to read images',
            )
        require("PIL", extra="ocr")
        scans = ScanReader(self._ocr, self._seconds)
        pages = []
        for number, picture in enumerate(_pictures(path), start=1):
            page = scans.picture(number, picture, _dots(picture))
            if scans.missing is not None:
                raise scans.missing
            pages.append(page)
        found = [page for page in pages if page is not None]
        if not any(page.regions for page in found):
            raise SourceError(
                f"{path.name}: no text was found in this image",
                hint="if it shows text, scan it again with 300 dots an inch",
            )
        return written(found, scans.warnings())


def _pictures(path: Path) -> Iterator[Picture]:
    """The pictures in the file, upright as its camera noted, without transparency."""
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # large pictures are checked below
            image = Image.open(path, formats=["PNG", "JPEG", "TIFF", "BMP", "WEBP"])
        with image:
            frames = int(getattr(image, "n_frames", 1))
            if frames > _MOST_PAGES:
                raise SourceError(
                    f"{path.name}: has {frames:,} pictures; the limit is {_MOST_PAGES:,}",
                    hint="split the file into smaller ones",
                )
            # Beside a JPEG's picture, a camera's second one is the same for another purpose.
            for number in range(frames if image.format == "TIFF" else 1):
                image.seek(number)
                yield _array(image, path)
    except (UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise SourceError(f"{path.name}: {_first_line(error)}", hint=_DAMAGED) from error


def _array(image: Opened, path: Path) -> Picture:
    from PIL import Image, ImageOps

    width, height = image.size
    if width * height > _MOST_PIXELS:
        raise SourceError(
            f"{path.name}: has {width:,} x {height:,} pixels; "
            f"the limit is {_MOST_PIXELS // 1_000_000} million",
            hint="save it smaller: 300 dots an inch are enough",
        )
    image.draft("RGB", (_LONGEST_SIDE, _LONGEST_SIDE))  # JPEG: decodes it smaller at once
    upright = ImageOps.exif_transpose(image)
    if upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info:
        layer = upright.convert("RGBA")
        paper = Image.new("RGBA", layer.size, "white")
        upright = Image.alpha_composite(paper, layer)
    upright = _eight_bits(upright).convert("RGB")
    upright.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
    return np.asarray(upright, dtype=np.uint8)


def _eight_bits(image: Opened) -> Opened:
    """Greys of 16 bits and more, which a plain conversion would cut off, are scaled down."""
    if not image.mode.startswith(("I", "F")):
        return image
    from PIL import Image

    values = np.asarray(image, dtype=np.float32)
    low, high = float(values.min()), float(values.max())
    scaled = (values - low) * (255.0 / (high - low)) if high > low else values * 0 + 255
    return Image.fromarray(scaled.astype(np.uint8))


def _dots(picture: Picture) -> float:
    """Pixels an inch as if the picture were a page: what a file says of it is seldom true."""
    return float(max(picture.shape[:2])) / _A4_LONG_INCHES


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
