"""Draws a page of a PDF and finds a quote on it; runs as a process of its own.

A picture's decoder has more to go wrong than the reader of text, pdfium is not made for threads,
and the server may not fall with it: `pdf_picture` starts this and gives it a file, bounded in time
and memory. In: one line of JSON (page, quote, which), then the PDF. Out: one line of JSON (width,
height, pages, boxes), then a PNG.
"""

from __future__ import annotations

import json
import struct
import sys
import unicodedata
import zlib
from collections.abc import Iterator, Sequence

import pypdfium2
import pypdfium2.raw as pdfium

Box = tuple[float, float, float, float]

_WIDTH, _MOST_HEIGHT = 1100.0, 2200.0
_LARGEST_SCALE = 3.0
_MEMORY = 2 * 1024**3
_SECONDS = 20
# A line of a quote with fewer letters stands anywhere.
_FEWEST_LETTERS = 12


def main() -> None:
    """Reads the order and the file from stdin, writes what was drawn to stdout."""
    _limit()
    order = json.loads(sys.stdin.buffer.readline())
    data = sys.stdin.buffer.read()
    document = pypdfium2.PdfDocument(data)
    page = document[order["page"] - 1]
    width, height = page.get_size()
    scale = min(_WIDTH / width, _MOST_HEIGHT / height, _LARGEST_SCALE)
    bitmap = page.render(scale=scale, may_draw_forms=False)
    characters = list(_characters(page, bitmap.get_posconv(page)))
    boxes = _lines(_found(characters, order["quote"], order["which"]))
    facts = {
        "width": bitmap.width,
        "height": bitmap.height,
        "pages": len(document),
        "boxes": boxes,
    }
    out = sys.stdout.buffer
    out.write(json.dumps(facts).encode() + b"\n")
    out.write(_png(bitmap))
    out.flush()


def letters(text: str) -> Iterator[tuple[str, int]]:
    """The letters and digits of a text, folded, each with the offset that it comes from.

    What a PDF's text is joined with (spaces, hyphens at line ends) is not among them.
    """
    for at, character in enumerate(text):
        for one in unicodedata.normalize("NFKC", character).casefold():
            if one.isalnum():
                yield one, at


def folded(text: str) -> str:
    return "".join(one for one, _ in letters(text))


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


def _limit() -> None:
    """Where the system can bound a process (not on Windows), it does."""
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    main()
