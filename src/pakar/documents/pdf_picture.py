"""A page of a PDF as a picture, with the places of a quote on it.

Knows how the drawing process is started and what it answers; drawing is done in `pdf_drawing`.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass

from pakar.documents import pdf_drawing
from pakar.errors import SourceError

_SECONDS = 30.0
_MOST_BYTES = 40_000_000


@dataclass(frozen=True, slots=True)
class PagePicture:
    """A drawn page. Lengths are pixels of the picture, boxes left, top, right, bottom.

    `boxes` is empty where the quote was not found on the page. `pages` counts the document's.
    """

    png: bytes
    width: int
    height: int
    pages: int
    boxes: tuple[tuple[float, float, float, float], ...]


def page_picture(pdf: bytes, page: int, quote: str = "", which: int = 0) -> PagePicture:
    """Draws page number `page` (from 1) of a file's bytes in a process of its own.

    `which` counts the earlier places of the same words on the page. Raises SourceError where the
    page cannot be drawn, takes too long or too much memory.
    """
    order = json.dumps({"page": page, "quote": quote, "which": which}).encode()
    # By its path: an isolated interpreter finds libraries, and nothing of the working folder.
    command = [sys.executable, "-I", pdf_drawing.__file__]
    try:
        done = subprocess.run(
            command, input=order + b"\n" + pdf, capture_output=True, timeout=_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise _not_drawn(page) from None
    head, _, png = done.stdout.partition(b"\n")
    if done.returncode or not png or len(png) > _MOST_BYTES:
        raise _not_drawn(page)
    facts = json.loads(head)
    return PagePicture(
        png,
        facts["width"],
        facts["height"],
        facts["pages"],
        tuple((one[0], one[1], one[2], one[3]) for one in facts["boxes"]),
    )


def _not_drawn(page: int) -> SourceError:
    return SourceError(
        f"page {page} cannot be drawn", hint="Its text is shown. Open the file in a PDF viewer."
    )
