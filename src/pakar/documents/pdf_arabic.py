"""Puts the letters of Arabic ligatures into the order in which they are written.

A font draws lam and alef as one glyph. pdfium turns the line around for its reading direction,
the two letters of that glyph too, which then read alef-lam. Two letters in one place give it away.
"""

from __future__ import annotations

from collections.abc import Sequence

from pakar.documents.pdf_glyph import Glyph

_LAM = "\u0644"
_ALEFS = "\u0627\u0622\u0623\u0625"
_SAME_PLACE = 0.1


def ligatures_in_order(glyphs: Sequence[Glyph]) -> list[Glyph]:
    """The same glyphs; alef and lam drawn in one place are exchanged."""
    ordered = list(glyphs)
    for at in range(1, len(ordered)):
        first, second = ordered[at - 1], ordered[at]
        if second.text == _LAM and first.text and first.text in _ALEFS and _together(first, second):
            ordered[at - 1], ordered[at] = second, first
    return ordered


def _together(first: Glyph, second: Glyph) -> bool:
    near = _SAME_PLACE * max(first.face.size, second.face.size)
    return abs(first.box[0] - second.box[0]) <= near and abs(first.box[2] - second.box[2]) <= near
