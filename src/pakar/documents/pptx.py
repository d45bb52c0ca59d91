"""The content of a presentation, slide by slide.

Knows PresentationML: titles, text, lists, tables, groups, the data of charts, speakers'
notes. Pictures and drawn diagrams hold no text that can be read here; a warning names the slides
that have them. Opening the file and its dangers are `office.py`'s concern.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pptx.enum.shapes import PP_PLACEHOLDER
from pptx.oxml.ns import qn

from pakar.documents.builder import TextBuilder
from pakar.documents.numbering import NumberStyle, label
from pakar.documents.office_chart import add_chart
from pakar.documents.table_grid import Cell, expand, split_header
from pakar.ports import Extracted

if TYPE_CHECKING:
    from lxml.etree import _Element
    from pptx.presentation import Presentation
    from pptx.shapes.base import BaseShape
    from pptx.slide import Slide

_TITLE_LENGTH = 150
_SUBHEADING_LENGTH = 100
# What programs write as a title when nobody gave one.
_NO_TITLES = frozenset(["powerpoint presentation", "presentation", "slide 1"])
# Shapes may overlap by this much (about a millimetre, in EMU) and still count as apart.
_OVERLAP = 36_000
_MOST_DEPTH = 20
_DIAGRAM = "http://schemas.openxmlformats.org/drawingml/2006/diagram"
_FURNITURE = (PP_PLACEHOLDER.DATE, PP_PLACEHOLDER.FOOTER, PP_PLACEHOLDER.SLIDE_NUMBER,
              PP_PLACEHOLDER.HEADER)  # fmt: skip
_BULLETED = (PP_PLACEHOLDER.BODY, PP_PLACEHOLDER.OBJECT, PP_PLACEHOLDER.VERTICAL_BODY,
             PP_PLACEHOLDER.VERTICAL_OBJECT)  # fmt: skip
_STYLES: tuple[tuple[str, NumberStyle], ...] = (
    ("arabic", "decimal"), ("alphaLc", "lower-letter"), ("alphaUc", "upper-letter"),
    ("romanLc", "lower-roman"), ("romanUc", "upper-roman"),
)  # fmt: skip


def extract(presentation: Presentation) -> Extracted:
    """All slides of an opened presentation, each marked with its number."""
    builder = TextBuilder()
    diagrams: list[int] = []
    previous = ""
    for number, slide in enumerate(presentation.slides, start=1):
        builder.begin("slide", str(number))
        shapes = _in_reading_order(list(slide.shapes))
        title, rest = _title(slide, shapes)
        # A title that is repeated on the next slide says that the section goes on.
        if title and title != previous:
            builder.heading(title, 1 if number == 1 else 2)
        previous = title
        _add_shapes(builder, rest)
        _add_notes(builder, slide)
        if any(True for _ in slide.element.iter(f"{{{_DIAGRAM}}}relIds")):
            diagrams.append(number)
    extracted = builder.extracted(warnings=_warnings(diagrams))
    if extracted.title:
        return extracted
    name = " ".join((presentation.core_properties.title or "").split())
    name = "" if name.casefold() in _NO_TITLES else name
    return Extracted(extracted.text, extracted.marks, name, extracted.warnings)


def _warnings(diagrams: list[int]) -> list[str]:
    if not diagrams:
        return []
    return [f"text in SmartArt is not read (slides {', '.join(map(str, diagrams[:20]))})"]


def _in_reading_order(shapes: list[BaseShape]) -> list[BaseShape]:
    """From top to bottom; columns that stand side by side from left to right.

    A recursive XY cut (Nagy and Seth 1984): split where a horizontal line passes between the
    shapes, else where a vertical line does.
    """
    if len(shapes) < 2:
        return shapes
    for start, length in (("top", "height"), ("left", "width")):
        groups = _groups(shapes, start, length)
        if len(groups) > 1:
            return [shape for group in groups for shape in _in_reading_order(group)]
    return sorted(shapes, key=lambda shape: (shape.top or 0, shape.left or 0))


def _groups(shapes: list[BaseShape], start: str, length: str) -> list[list[BaseShape]]:
    """Shapes in groups that do not overlap in one direction."""
    groups: list[list[BaseShape]] = []
    reach = 0
    for shape in sorted(shapes, key=lambda shape: getattr(shape, start) or 0):
        begin = getattr(shape, start) or 0
        if groups and begin < reach - _OVERLAP:
            groups[-1].append(shape)
        else:
            groups.append([shape])
        reach = max(reach, begin + (getattr(shape, length) or 0))
    return groups


def _title(slide: Slide, shapes: list[BaseShape]) -> tuple[str, list[BaseShape]]:
    """The slide's title and the other shapes.

    Without a title placeholder that has words, a short single line takes its place: the first
    placeholder for text, as some layouts have it.
    """
    holder = slide.shapes.title
    if holder is not None and holder.has_text_frame and _line(holder):
        identity = holder.shape_id
        return _line(holder), [shape for shape in shapes if shape.shape_id != identity]
    for shape in shapes:
        if _placeholder(shape) is PP_PLACEHOLDER.BODY and shape.has_text_frame:
            lines = [p for p in shape.text_frame.paragraphs if p.text.strip()]
            if len(lines) == 1 and len(_line(shape)) <= _TITLE_LENGTH and len(shapes) > 1:
                return _line(shape), [other for other in shapes if other is not shape]
            break
    return "", shapes


def _line(shape: BaseShape) -> str:
    return " ".join(_paragraph_text(p._p) for p in shape.text_frame.paragraphs).strip()


def _placeholder(shape: BaseShape) -> PP_PLACEHOLDER | None:
    return shape.placeholder_format.type if shape.is_placeholder else None


def _add_shapes(builder: TextBuilder, shapes: list[BaseShape], depth: int = 0) -> None:
    for shape in shapes:
        kind = _placeholder(shape)
        if kind in _FURNITURE:
            continue
        if hasattr(shape, "shapes"):
            if depth < _MOST_DEPTH:
                _add_shapes(builder, _in_reading_order(list(shape.shapes)), depth + 1)
        elif getattr(shape, "has_table", False):
            _add_table(builder, shape.table._tbl)
        elif getattr(shape, "has_chart", False):
            add_chart(builder, shape.chart._chartSpace)
        elif shape.has_text_frame:
            _add_paragraphs(builder, shape.text_frame._txBody, bulleted=kind in _BULLETED)


def _add_notes(builder: TextBuilder, slide: Slide) -> None:
    if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
        _add_paragraphs(builder, slide.notes_slide.notes_text_frame._txBody, bulleted=False)


def _add_paragraphs(builder: TextBuilder, body: _Element, *, bulleted: bool) -> None:
    counts: dict[int, int] = {}
    for paragraph in body.findall(qn("a:p")):
        text = _paragraph_text(paragraph)
        if not text:
            continue
        bullet = _bullet(paragraph, counts, bulleted=bulleted)
        if bullet:
            builder.item(text, bullet=bullet)
        elif bulleted and _is_subheading(paragraph, text):
            builder.heading(text, 3)
        else:
            builder.paragraph(text)


def _is_subheading(paragraph: _Element, text: str) -> bool:
    """A short line all in bold above other lines: slides have no heading styles but that."""
    if len(text) > _SUBHEADING_LENGTH or text.endswith((".", ",", ";", "!")):
        return False
    runs = [run for run in paragraph.findall(qn("a:r")) if (run.findtext(qn("a:t")) or "").strip()]
    properties = [run.find(qn("a:rPr")) for run in runs]
    bold = all(p is not None and p.get("b") in ("1", "true") for p in properties)
    return bool(runs) and bold and paragraph.getnext() is not None


def _bullet(paragraph: _Element, counts: dict[int, int], *, bulleted: bool) -> str:
    """The sign before a paragraph: a hyphen, a counted number, or nothing."""
    properties = paragraph.find(qn("a:pPr"))
    if properties is None:
        counts.clear()
        return "-" if bulleted else ""
    level = int(properties.get("lvl", "0"))
    for deeper in [known for known in counts if known > level]:
        del counts[deeper]
    numbered = properties.find(qn("a:buAutoNum"))
    if numbered is not None:
        counts[level] = counts.get(level, int(numbered.get("startAt", "1")) - 1) + 1
        kind = numbered.get("type", "arabicPeriod")
        styles: list[NumberStyle] = [name for prefix, name in _STYLES if kind.startswith(prefix)]
        style = styles[0] if styles else "decimal"
        return f"{label(counts[level], style)}{')' if kind.endswith(('ParenR', 'Both')) else '.'}"
    counts.pop(level, None)
    if properties.find(qn("a:buNone")) is not None:
        return ""
    return "-" if bulleted or properties.find(qn("a:buChar")) is not None else ""


def _add_table(builder: TextBuilder, table: _Element) -> None:
    properties = table.find(qn("a:tblPr"))
    marked = int(properties is not None and properties.get("firstRow") in ("1", "true"))
    rows = [
        [_cell(cell, header=bool(marked) and not position) for cell in row.findall(qn("a:tc"))
         if cell.get("hMerge") not in ("1", "true") and cell.get("vMerge") not in ("1", "true")]
        for position, row in enumerate(table.findall(qn("a:tr")))
    ]  # fmt: skip
    texts = [[cell.text for cell in line] for line in expand(rows)]
    if all(len(line) == 1 for line in texts):
        for line in texts:
            builder.paragraph(line[0])
        return
    builder.table(*split_header(texts, marked=marked))


def _cell(cell: _Element, *, header: bool) -> Cell:
    body = cell.find(qn("a:txBody"))
    paragraphs = body.findall(qn("a:p")) if body is not None else []
    text = " ".join(_paragraph_text(paragraph) for paragraph in paragraphs)
    columns, rows = cell.get("gridSpan", "1"), cell.get("rowSpan", "1")
    return Cell(text.strip(), columns=int(columns), rows=int(rows), header=header)


def _paragraph_text(paragraph: _Element) -> str:
    return "".join(_pieces(paragraph)).strip()


def _pieces(paragraph: _Element) -> Iterator[str]:
    for element in paragraph.iter(qn("a:t"), qn("a:br"), qn("m:t")):
        yield " " if element.tag == qn("a:br") else (element.text or "")
