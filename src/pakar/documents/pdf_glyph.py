"""One character as a PDF page draws it, in pdfium's coordinates (points, origin below left)."""

from __future__ import annotations

from dataclasses import dataclass

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Face:
    """How a run of text is drawn; each run has its own, equal or not.

    `mode` is the text render mode (ISO 32000-1, 9.3.6: 3 draws nothing), `pale` says that it is
    filled in white or nearly so, `clear` that the fill lets everything through.
    """

    size: float
    bold: bool
    turn: int
    mode: int = 0
    pale: bool = False
    clear: bool = False


@dataclass(frozen=True, slots=True)
class Glyph:
    """One character; no text where words are parted. `box` is (left, bottom, right, top)."""

    text: str
    face: Face
    origin: tuple[float, float] = (0.0, 0.0)
    box: Box = (0.0, 0.0, 0.0, 0.0)


GAP = Glyph("", Face(0.0, False, 0))
