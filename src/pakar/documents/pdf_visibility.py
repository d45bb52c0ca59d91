"""Tells the characters of a PDF page that a reader sees from those that nobody sees.

Nobody sees what is drawn in no ink (render mode 3, or wholly transparent), too small to read,
outside the page, or white where the page is white. The last is found on the page as it is drawn:
where the picture is of one colour, there is nothing to see. A scan is the exception: its picture
shows the words and its text layer, drawn in no ink, repeats them.
"""

from __future__ import annotations

import ctypes
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import pypdfium2
import pypdfium2.raw as pdfium
from numpy.typing import NDArray

from pakar.documents.invisible import InvisibleText
from pakar.documents.pdf_glyph import GAP, Box, Glyph

_NO_INK = 3
# Points. Where a whole page is as small, its unit is another one.
_TOO_SMALL = 1.0
_NO_SIZE = 0.05
_OUTSIDE = 1.0
_SCAN_COVERS = 0.5
# A scan may bear a printed stamp or page number; more is a page with a text of its own.
_SCAN_PRINTED = 0.2
_FINEST = 2.0
_MOST_PIXELS = 1_600
_FEWEST_PIXELS = 2
# Of 255. Less than this in every colour is not to be told from the ground by eye.
_CONTRAST = 14
_RUN_UNSEEN = 0.8

Picture = NDArray[np.uint8]


def seen(
    page: pypdfium2.PdfPage, glyphs: Sequence[Glyph], number: int, invisible: InvisibleText
) -> list[Glyph]:
    """The glyphs that are seen; the others are noted, and kept where that is wanted."""
    ways = _ways(page, glyphs)
    if not any(ways):
        return list(glyphs)
    for way in dict.fromkeys(filter(None, ways)):
        invisible.add(_text(glyphs, ways, way), way, number)
    if invisible.keep:
        return list(glyphs)
    return [GAP if way else glyph for glyph, way in zip(glyphs, ways, strict=True)]


def _ways(page: pypdfium2.PdfPage, glyphs: Sequence[Glyph]) -> list[str]:
    """How each glyph is hidden; empty where it is not."""
    box = page.get_bbox()
    ways = [_way(glyph, box) if glyph.text else "" for glyph in glyphs]
    drawn = sum(1 for glyph in glyphs if glyph.text)
    small = ways.count("too small to read")
    if small == drawn:
        ways = [
            "" if way == "too small to read" and glyph.face.size >= _NO_SIZE else way
            for glyph, way in zip(glyphs, ways, strict=True)
        ]
    inkless = ways.count("drawn in no ink")
    printed = drawn - sum(map(bool, ways))
    if inkless and printed <= _SCAN_PRINTED * inkless and _is_picture(page, box):
        ways = ["" if way == "drawn in no ink" else way for way in ways]
    suspects = [
        g for g, way in zip(glyphs, ways, strict=True) if g.text and not way and g.face.pale
    ]
    unseen = _unseen(page, suspects) if suspects else set()
    return ["white on white" if id(g.face) in unseen and g.text and not way else way
            for g, way in zip(glyphs, ways, strict=True)]  # fmt: skip


def _way(glyph: Glyph, box: Box) -> str:
    face = glyph.face
    if face.mode == _NO_INK or face.clear:
        return "drawn in no ink"
    if face.size < _TOO_SMALL:
        return "too small to read"
    left, bottom, right, top = glyph.box
    x, y = (left + right) / 2, (bottom + top) / 2
    inside = box[0] - _OUTSIDE <= x <= box[2] + _OUTSIDE
    inside = inside and box[1] - _OUTSIDE <= y <= box[3] + _OUTSIDE
    return "" if inside else "outside the page"


def _text(glyphs: Sequence[Glyph], ways: Sequence[str], way: str) -> str:
    pieces = (
        glyph.text if found == way else " " for glyph, found in zip(glyphs, ways, strict=True)
    )
    return " ".join("".join(pieces).split())


def _is_picture(page: pypdfium2.PdfPage, box: Box) -> bool:
    """Images cover most of the page."""
    whole = (box[2] - box[0]) * (box[3] - box[1])
    covered = 0.0
    left, bottom, right, top = (ctypes.c_float() for _ in range(4))
    for position in range(pdfium.FPDFPage_CountObjects(page)):
        handle = pdfium.FPDFPage_GetObject(page, position)
        if _holds_image(handle) and pdfium.FPDFPageObj_GetBounds(handle, left, bottom, right, top):
            width = min(right.value, box[2]) - max(left.value, box[0])
            height = min(top.value, box[3]) - max(bottom.value, box[1])
            covered += max(0.0, width) * max(0.0, height)
    return whole > 0 and covered >= _SCAN_COVERS * whole


def _holds_image(handle: object) -> bool:
    kind = pdfium.FPDFPageObj_GetType(handle)
    if kind == pdfium.FPDF_PAGEOBJ_FORM:
        parts = (
            pdfium.FPDFFormObj_GetObject(handle, position)
            for position in range(max(0, pdfium.FPDFFormObj_CountObjects(handle)))
        )
        return any(pdfium.FPDFPageObj_GetType(p) == pdfium.FPDF_PAGEOBJ_IMAGE for p in parts)
    return bool(kind == pdfium.FPDF_PAGEOBJ_IMAGE)


def _unseen(page: pypdfium2.PdfPage, suspects: Sequence[Glyph]) -> set[int]:
    """The faces (by identity) most of whose characters leave no trace on the drawn page."""
    width, height = page.get_size()
    scale = min(_FINEST, _MOST_PIXELS / max(width, height, 1.0))
    picture: Picture = page.render(scale=scale, may_draw_forms=False).to_numpy()
    traces: dict[int, list[bool]] = defaultdict(list)
    for glyph in suspects:
        patch = _patch(page, picture, glyph.box)
        if patch.shape[0] < _FEWEST_PIXELS or patch.shape[1] < _FEWEST_PIXELS:
            traces[id(glyph.face)].append(True)  # too coarse to tell
            continue
        span = patch.max(axis=(0, 1)).astype(int) - patch.min(axis=(0, 1))
        traces[id(glyph.face)].append(bool((span > _CONTRAST).any()))
    return {
        face for face, found in traces.items() if found.count(False) >= _RUN_UNSEEN * len(found)
    }


def _patch(page: pypdfium2.PdfPage, picture: Picture, box: Box) -> Picture:
    """The part of the drawn page that a character covers."""
    height, width = picture.shape[:2]
    xs, ys = [], []
    x, y = ctypes.c_int(), ctypes.c_int()
    for px, py in ((box[0], box[1]), (box[2], box[3])):
        pdfium.FPDF_PageToDevice(page, 0, 0, width, height, 0, px, py, x, y)
        xs.append(min(max(x.value, 0), width))
        ys.append(min(max(y.value, 0), height))
    return picture[min(ys) : max(ys), min(xs) : max(xs), :3]


def is_pale(red: int, green: int, blue: int) -> bool:
    """White, or so near to it that it is not read on white paper."""
    return min(red, green, blue) >= 235
