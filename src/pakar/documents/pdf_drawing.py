"""Draws a page of a PDF and finds a quote on it; runs in a reading process only.

A picture's decoder has more to go wrong than the reader of text, pdfium is not made for threads,
and the server may not fall with it. Knows how a page is drawn; `pdf_picture` asks for it.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import pypdfium2
import pypdfium2.raw as pdfium

from pakar.documents.pdf_letters import folded, letters
from pakar.documents.workers.messages import MOST_BOXES, Drawing, Drawn
from pakar.errors import SourceError

Box = tuple[float, float, float, float]

_WIDTH, _MOST_HEIGHT = 1100.0, 2200.0
_LARGEST_SCALE = 3.0
# A line of a quote with fewer letters stands anywhere.
_FEWEST_LETTERS = 12


def draw(path: Path, order: Drawing) -> tuple[Drawn, bytes]:
    """The page as PNG, and what is on it. Raises SourceError where it cannot be drawn."""
    try:
        return _drawn(path, order)
    except MemoryError:
        raise
    except Exception as error:  # pdfium and hostile files
        raise SourceError(f"page {order.page} cannot be drawn") from error


def _drawn(path: Path, order: Drawing) -> tuple[Drawn, bytes]:
    document = pypdfium2.PdfDocument(path)
    page = document[order.page - 1]
    width, height = page.get_size()
    scale = min(_WIDTH / width, _MOST_HEIGHT / height, _LARGEST_SCALE)
    bitmap = page.render(scale=scale, may_draw_forms=False)
    characters = list(_characters(page, bitmap.get_posconv(page)))
    boxes = _lines(_found(characters, order.quote, order.which))
    drawn = Drawn(
        width=bitmap.width, height=bitmap.height, pages=len(document), boxes=(*boxes[:MOST_BOXES],)
    )
    return drawn, _png(bitmap)


def _found(characters: Sequence[tuple[str, Box]], quote: str, which: int) -> list[Box]:
    """The boxes of a quote's letters: all of it at its `which`-th place, else its lines."""
    text = "".join(character for character, _ in characters)
    owners = [at for _, at in letters(text)]
    page = folded(text)

    def boxes(start: int, size: int) -> list[Box]:
        return [characters[at][1] for at in owners[start : start + size]]

    wanted = folded(quote)
    start = _nth(page, wanted, which)
    if start >= 0:
        return boxes(start, len(wanted))
    found: list[Box] = []
    for line in quote.splitlines():
        wanted = folded(line)
        start = page.find(wanted) if len(wanted) >= _FEWEST_LETTERS else -1
        if start >= 0:
            found += boxes(start, len(wanted))
    return found


def _nth(text: str, wanted: str, which: int) -> int:
    """Where `wanted` begins for the `which`-th time; the last time where there are fewer."""
    found = -1
    for _ in range(which + 1):
        start = text.find(wanted, found + 1) if wanted else -1
        if start < 0:
            break
        found = start
    return found


def _characters(page: pypdfium2.PdfPage, place: pypdfium2.PdfPosConv) -> Iterator[tuple[str, Box]]:
    """Each character of the page with its box in the picture: left, top, right, bottom."""
    textpage = page.get_textpage()
    for index in range(textpage.count_chars()):
        code = pdfium.FPDFText_GetUnicode(textpage, index)
        # What is no character of Unicode; one item each, as offsets are counted in them.
        character = chr(code) if 0 < code < 0xD800 or 0xE000 <= code < 0x110000 else " "
        left, bottom, right, top = textpage.get_charbox(index, loose=True)
        one, other = place.to_bitmap(left, top), place.to_bitmap(right, bottom)
        yield (
            character,
            (
                float(min(one[0], other[0])),
                float(min(one[1], other[1])),
                float(max(one[0], other[0])),
                float(max(one[1], other[1])),
            ),
        )


def _lines(boxes: Sequence[Box]) -> list[Box]:
    """Boxes that follow each other on a line, as one."""
    joined: list[Box] = []
    for box in boxes:
        if joined and _is_next(joined[-1], box):
            last = joined[-1]
            joined[-1] = (
                min(last[0], box[0]),
                min(last[1], box[1]),
                max(last[2], box[2]),
                max(last[3], box[3]),
            )
        else:
            joined.append(box)
    return joined


def _is_next(last: Box, box: Box) -> bool:
    height = max(last[3] - last[1], box[3] - box[1])
    same_line = abs((last[1] + last[3]) - (box[1] + box[3])) < height
    return same_line and -height < box[0] - last[2] < 2 * height


def _png(bitmap: pypdfium2.PdfBitmap) -> bytes:
    """The bitmap as PNG (RFC 2083): 8 bits, RGB, no filter. pdfium gives rows of B, G, R, (X)."""
    pixels = bitmap.to_numpy()[:, :, :3][:, :, ::-1]
    height, width = pixels.shape[:2]
    rows = b"".join(b"\x00" + row.tobytes() for row in pixels)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 4)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    check = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)
