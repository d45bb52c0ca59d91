"""Takes the words off a PDF page: text, place, size and weight.

Knows pdfium's text page and nothing of lines, columns or tables. Text drawn at an angle is
turned upright: what is drawn like most of the page is its main text, the rest stands aside.
The interface used: https://pdfium.googlesource.com/pdfium/+/main/public/fpdf_text.h
"""

from __future__ import annotations

import ctypes
import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pypdfium2
import pypdfium2.raw as pdfium

from pakar.documents.invisible import InvisibleText
from pakar.documents.pdf_arabic import ligatures_in_order
from pakar.documents.pdf_glyph import GAP, Face, Glyph
from pakar.documents.pdf_page import Word, is_right_to_left
from pakar.documents.pdf_visibility import is_pale, seen

_LIGATURES = str.maketrans(
    {"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"}
)
_BOLD_NAME = re.compile(r"bold|black|heavy|demi|cmbx|extrabd|[-,]bd", re.IGNORECASE)
_FORCE_BOLD = 1 << 18
_BOLD_WEIGHT = 650
# What stands where a hyphen ended a line: pdfium's two marks and the soft hyphen.
_HYPHENS = (0x02, 0xFFFE, 0xAD)
_FILLED = (0, 4)  # render modes that fill and do not stroke
_NO_CODE = (0x00, 0xFFFD)
_NARROWEST_LETTER = 0.16


@dataclass(frozen=True, slots=True)
class Frame:
    """Turns pdfium's coordinates (origin below left) into reading ones (origin above left).

    `turn` counts the quarter turns anticlockwise by which the text is drawn.
    """

    left: float
    bottom: float
    right: float
    top: float
    turn: int

    @property
    def height(self) -> float:
        return self.right - self.left if self.turn % 2 else self.top - self.bottom

    def point(self, x: float, y: float) -> tuple[float, float]:
        """Where a point of the page lies for the reader."""
        if self.turn == 0:
            return x - self.left, self.top - y
        if self.turn == 1:
            return y - self.bottom, x - self.left
        if self.turn == 2:
            return self.right - x, y - self.bottom
        return self.top - y, self.right - x


@dataclass(frozen=True, slots=True)
class PageWords:
    """`main` is what is drawn in the page's main direction, `aside` the rest, a direction each.

    `frame` belongs to the main direction. `damaged` counts characters without a code.
    """

    main: tuple[Word, ...]
    aside: tuple[tuple[Word, ...], ...]
    frame: Frame
    characters: int
    damaged: int


def page_words(
    page: pypdfium2.PdfPage, number: int, invisible: InvisibleText | None = None
) -> PageWords:
    """The words of the page, each direction in the order in which the page draws it.

    Those that nobody sees are left out, and told to `invisible` with the page's number.
    """
    textpage = page.get_textpage()
    try:
        glyphs = seen(page, list(_glyphs(textpage)), number, invisible or InvisibleText())
        glyphs = ligatures_in_order(_without_false_ligatures(glyphs))
    finally:
        textpage.close()
    turns = Counter(glyph.face.turn for glyph in glyphs if glyph.text)
    ordered = [turn for turn, _ in turns.most_common()] or [0]
    box = page.get_bbox()
    words = [tuple(_words(glyphs, Frame(box[0], box[1], box[2], box[3], turn))) for turn in ordered]
    return PageWords(
        main=words[0],
        aside=tuple(words[1:]),
        frame=Frame(box[0], box[1], box[2], box[3], ordered[0]),
        characters=turns.total(),
        damaged=sum(1 for glyph in glyphs if glyph.text == "\ufffd"),
    )


def _glyphs(textpage: pypdfium2.PdfTextPage) -> Iterator[Glyph]:
    """Every character that is drawn, and a gap wherever pdfium sees white space."""
    x, y, box = ctypes.c_double(), ctypes.c_double(), pdfium.FS_RECTF()
    faces: dict[int, Face] = {}
    for index in range(textpage.count_chars()):
        run = pdfium.FPDFText_GetTextObject(textpage, index)
        text = _text(pdfium.FPDFText_GetUnicode(textpage, index))
        if not run or not text:
            yield GAP
            continue
        address = ctypes.addressof(run.contents)
        face = faces.get(address)
        if face is None:
            face = faces[address] = _face(textpage, index, run)
        pdfium.FPDFText_GetCharOrigin(textpage, index, x, y)
        pdfium.FPDFText_GetLooseCharBox(textpage, index, box)
        yield Glyph(text, face, (x.value, y.value), (box.left, box.bottom, box.right, box.top))


def _without_false_ligatures(glyphs: list[Glyph]) -> list[Glyph]:
    """Drops letters that pdfium makes up for a glyph that fonts leave blank.

    It reads a missing character (U+FFFF in the font's table) as the first ligature of that
    table: several letters in one box, much too narrow for them.
    """
    kept: list[Glyph] = []
    start = 0
    for end in range(1, len(glyphs) + 1):
        if end < len(glyphs) and glyphs[end].text and glyphs[end].box == glyphs[start].box:
            continue
        together = glyphs[start:end]
        left, _, right, _ = together[0].box
        narrow = right - left < _NARROWEST_LETTER * len(together) * together[0].face.size
        kept += [GAP] if len(together) > 1 and together[0].text and narrow else together
        start = end
    return kept


def _text(code: int) -> str:
    if code in _HYPHENS:
        return "-"
    if code in _NO_CODE or 0xD800 <= code <= 0xDFFF or code > 0x10FFFF:
        return "\ufffd"
    char = chr(code)
    return "" if char.isspace() or code < 0x20 else char.translate(_LIGATURES)


def _face(textpage: pypdfium2.PdfTextPage, index: int, run: object) -> Face:
    matrix = pdfium.FS_MATRIX()
    pdfium.FPDFText_GetMatrix(textpage, index, matrix)
    height = math.hypot(matrix.c, matrix.d) or 1.0
    size = abs(pdfium.FPDFText_GetFontSize(textpage, index)) * height
    turn = round(math.atan2(matrix.b, matrix.a) / (math.pi / 2)) % 4
    bold = _is_bold(pdfium.FPDFTextObj_GetFont(run))
    mode = pdfium.FPDFTextObj_GetTextRenderMode(run)
    pale, clear = _fill(run) if mode in _FILLED else (False, False)
    return Face(_rounded(size), bold, turn, mode, pale, clear)


def _rounded(size: float) -> float:
    """To half points; sizes below one are left as they are, for they tell."""
    return round(size * 2) / 2 if size >= 1.0 else size


def _fill(run: object) -> tuple[bool, bool]:
    """Whether text is filled in (nearly) white, and whether the fill is wholly transparent."""
    red, green, blue, opaque = (ctypes.c_uint() for _ in range(4))
    if not pdfium.FPDFPageObj_GetFillColor(run, red, green, blue, opaque):
        return False, False
    return is_pale(red.value, green.value, blue.value), opaque.value == 0


def _is_bold(font: object) -> bool:
    if not font:
        return False
    buffer = ctypes.create_string_buffer(256)
    pdfium.FPDFFont_GetBaseFontName(font, buffer, len(buffer))
    if _BOLD_NAME.search(buffer.value.decode("utf-8", "replace")):
        return True
    forced = max(0, pdfium.FPDFFont_GetFlags(font)) & _FORCE_BOLD
    return bool(forced) or pdfium.FPDFFont_GetWeight(font) >= _BOLD_WEIGHT


class _Run:
    """The glyphs of the word that is being put together."""

    def __init__(self, face: Face, spaced: bool) -> None:
        self.face = face
        self.last = GAP
        self.spaced = spaced
        self.text: list[str] = []
        self.x0 = math.inf
        self.x1 = -math.inf
        self.y = 0.0

    def add(self, glyph: Glyph, x0: float, x1: float, y: float) -> None:
        if not self.text:
            self.y = y
        self.text.append(glyph.text)
        self.last = glyph
        self.x0, self.x1 = min(self.x0, x0), max(self.x1, x1)

    def continues(self, glyph: Glyph, x0: float, x1: float, y: float) -> bool:
        """The glyph stands next to the word on its line, a raised note mark included."""
        if not self.text:
            return True
        size = max(self.face.size, glyph.face.size)
        if glyph.face.bold != self.face.bold or abs(y - self.y) > 0.6 * size:
            return False
        gap = self.x0 - x1 if is_right_to_left(glyph.text) else x0 - self.x1
        if glyph.box == self.last.box:
            return True
        if glyph.face is self.last.face:
            return -0.6 * size <= gap <= 0.6 * size
        # Text that is drawn anew and overlaps belongs to something else: the next cell.
        return -0.12 * size <= gap <= 0.25 * size

    def word(self, index: int) -> Word:
        text = "".join(self.text)
        face = self.face
        return Word(text, self.x0, self.x1, self.y, face.size, face.bold, index, self.spaced)


def _words(glyphs: Sequence[Glyph], frame: Frame) -> Iterator[Word]:
    run: _Run | None = None
    gap, index = True, 0
    for glyph in glyphs:
        if glyph.text and glyph.face.turn != frame.turn:
            continue
        if not glyph.text:
            gap = True
            continue
        x0, x1, y = _place(glyph, frame)
        if run is None or gap or not run.continues(glyph, x0, x1, y):
            if run is not None:
                yield run.word(index)
                index += 1
            run = _Run(glyph.face, gap)
        run.add(glyph, x0, x1, y)
        gap = False
    if run is not None:
        yield run.word(index)


def _place(glyph: Glyph, frame: Frame) -> tuple[float, float, float]:
    """Left and right edge and baseline for the reader."""
    left, bottom, right, top = glyph.box
    _, y = frame.point(*glyph.origin)
    xs = (frame.point(left, bottom)[0], frame.point(right, top)[0])
    return min(xs), max(xs), y
