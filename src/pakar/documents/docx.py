"""The content of a Word document, in reading order.

Knows WordprocessingML: paragraphs, headings, lists, tables, notes, text boxes. Deleted and hidden
text, comments, tables of contents and the headers and footers of pages are left out. Opening the
file and its dangers are `office.py`'s concern.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from docx.opc.constants import RELATIONSHIP_TYPE as RELATION
from docx.oxml import parse_xml
from docx.oxml.ns import qn

from pakar.documents.builder import TextBuilder
from pakar.documents.docx_hidden import HiddenRuns
from pakar.documents.docx_numbering import Numbering
from pakar.documents.docx_styles import Styles
from pakar.documents.invisible import InvisibleText
from pakar.documents.office_chart import CHART, add_chart
from pakar.documents.office_math import FORMULA, linear
from pakar.documents.table_grid import Cell, expand, split_header
from pakar.ports import Extracted

if TYPE_CHECKING:
    from docx.document import Document
    from lxml.etree import _Element

_HEADING_LENGTH = 250
# A cell that holds more is page layout, not a value.
_CELL_LENGTH = 1_500

_PARAGRAPH, _TABLE, _ROW, _CELL = qn("w:p"), qn("w:tbl"), qn("w:tr"), qn("w:tc")
_TEXT_BOX = qn("w:txbxContent")
_ROW_PROPERTIES, _CELL_PROPERTIES = qn("w:trPr"), qn("w:tcPr")
_VALUE = qn("w:val")
_CONTROL, _CONTROL_CONTENT, _CUSTOM = qn("w:sdt"), qn("w:sdtContent"), qn("w:customXml")
_WRAPPERS = frozenset([_CONTROL_CONTENT, _CUSTOM, qn("w:ins"), qn("w:moveTo")])
_HYPHEN = qn("w:noBreakHyphen")
_SPACE = frozenset(map(qn, ("w:tab", "w:br", "w:cr", "w:ptab")))
_TEXT = frozenset([qn("w:t"), qn("m:t")])
_SKIPPED = frozenset(
    map(
        qn,
        ("w:del", "w:moveFrom", "w:pPr", "w:rPr", "w:instrText", "w:delText", "w:txbxContent",
         "w:sdtPr", "w:tblPr", "w:trPr", "w:tcPr", "m:oMathParaPr", "m:rPr", "w:comment"),
    )
)  # fmt: skip
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_NOTES = {
    qn("w:footnoteReference"): (RELATION.FOOTNOTES, qn("w:footnote")),
    qn("w:endnoteReference"): (RELATION.ENDNOTES, qn("w:endnote")),
}


def extract(document: Document, invisible: InvisibleText | None = None) -> Extracted:
    """All content of an opened document; what nobody sees is told to `invisible`."""
    invisible = invisible or InvisibleText()
    hidden = HiddenRuns(document.styles.element, invisible)
    hidden.take_out(document.element.body)
    walker = _Walker(document, hidden)
    walker.blocks(document.element.body)
    extracted = walker.builder.extracted(warnings=invisible.warnings())
    if extracted.title:
        return extracted
    title = " ".join((document.core_properties.title or "").split())
    return Extracted(extracted.text, extracted.marks, title, extracted.warnings)


@dataclass(frozen=True, slots=True)
class _TableRow:
    cells: list[_Element]
    grid: list[Cell]
    header: bool


class _Walker:
    def __init__(self, document: Document, hidden: HiddenRuns) -> None:
        self.builder = TextBuilder()
        styles = document.styles.element
        self._styles = Styles(styles)
        self._numbering = Numbering(_numbering_part(document))
        self._notes = _note_texts(document, hidden)
        self._relations = document.part.rels

    def blocks(self, parent: _Element) -> None:
        """Everything that a body, a cell, a note or a text box holds, in order."""
        for element in _block_elements(parent):
            if element.tag == _PARAGRAPH:
                self._paragraph(element)
            else:
                self._table(element)

    def _paragraph(self, paragraph: _Element) -> None:
        text = _text(paragraph)
        style = self._styles.of(paragraph)
        if text and not style.contents:
            label = self._numbering.label(paragraph, style)
            if style.level and len(text) <= _HEADING_LENGTH:
                self.builder.heading(f"{label} {text}" if label not in ("", "-") else text,
                                     style.level)  # fmt: skip
            elif label:
                self.builder.item(text, bullet=label)
            else:
                self.builder.paragraph(text)
        self._attached(paragraph)

    def _attached(self, element: _Element) -> None:
        """The text boxes and charts anchored in an element, and the notes that it refers to."""
        for box in _kept(element, _TEXT_BOX):
            self.blocks(box)
        for chart in _kept(element, CHART):
            held = self._relations.get(chart.get(qn("r:id"), ""))
            if held is not None and not held.is_external:
                add_chart(self.builder, parse_xml(held.target_part.blob))
        for tag, (relation, _) in _NOTES.items():
            for reference in _kept(element, tag):
                note = self._notes.get((relation, reference.get(qn("w:id"), "")))
                if note:
                    self.builder.paragraph(note)

    def _table(self, table: _Element) -> None:
        rows = _table_rows(table)
        if self._is_layout(rows):
            for row in rows:
                for cell in row.cells:
                    self.blocks(cell)
            return
        texts = [[cell.text for cell in line] for line in expand([row.grid for row in rows])]
        self.builder.table(*split_header(texts, marked=_marked_rows(rows)))
        for row in rows:
            for cell in row.cells:
                for inner in _block_elements(cell):
                    if inner.tag == _TABLE:
                        self._table(inner)
                    else:
                        self._attached(inner)

    def _is_layout(self, rows: list[_TableRow]) -> bool:
        """A table that only places text on the page: one cell a row, headings, long texts."""
        if all(len(row.cells) <= 1 for row in rows):
            return True
        if any(len(cell.text) > _CELL_LENGTH for row in rows for cell in row.grid):
            return True
        return any(self._has_sections(cell) for row in rows for cell in row.cells)

    def _has_sections(self, cell: _Element) -> bool:
        """Whether a cell holds a heading with something below it."""
        blocks = _block_elements(cell)
        return len(blocks) > 1 and any(
            block.tag == _PARAGRAPH and self._styles.of(block).level > 0 for block in blocks
        )


def _block_elements(parent: _Element) -> list[_Element]:
    """The paragraphs and tables below a parent, seen through content controls and revisions."""
    found: list[_Element] = []
    for child in parent:
        if child.tag in (_PARAGRAPH, _TABLE):
            found.append(child)
        elif child.tag == _CONTROL:
            found += [] if _is_contents(child) else _block_elements(child)
        elif child.tag in _WRAPPERS:
            found += _block_elements(child)
    return found


def _is_contents(control: _Element) -> bool:
    """Whether a content control holds the table of contents, which only repeats the headings."""
    galleries = control.findall(f"{qn('w:sdtPr')}//{qn('w:docPartGallery')}")
    return any(gallery.get(qn("w:val")) == "Table of Contents" for gallery in galleries)


def _through(parent: _Element, tag: str) -> list[_Element]:
    """The children with a tag, seen through content controls."""
    found: list[_Element] = []
    for child in parent:
        if child.tag == tag:
            found.append(child)
        elif child.tag in (_CONTROL, _CONTROL_CONTENT, _CUSTOM):
            found += _through(child, tag)
    return found


def _table_rows(table: _Element) -> list[_TableRow]:
    above: dict[int, str] = {}
    return [_table_row(row, above) for row in _through(table, _ROW) if not _is_deleted(row)]


def _table_row(row: _Element, above: dict[int, str]) -> _TableRow:
    """One row. `above` holds the words over each column, for cells merged with those above."""
    cells = _through(row, _CELL)
    properties = row.find(_ROW_PROPERTIES)
    header = properties is not None and _is_on(properties.find(qn("w:tblHeader")))
    grid: list[Cell] = []
    before = properties.find(qn("w:gridBefore")) if properties is not None else None
    if before is not None:
        grid.append(Cell("", columns=_number(before.get(_VALUE))))
    for cell in cells:
        column = sum(other.columns for other in grid)
        grid.append(_cell(cell, header=header, above=above.get(column, "")))
        above[column] = grid[-1].text
    return _TableRow(cells, grid, header)


def _cell(cell: _Element, *, header: bool, above: str) -> Cell:
    properties = cell.find(_CELL_PROPERTIES)
    span = properties.find(qn("w:gridSpan")) if properties is not None else None
    merged = properties.find(qn("w:vMerge")) if properties is not None else None
    columns = _number(span.get(_VALUE)) if span is not None else 1
    if merged is not None and merged.get(_VALUE, "continue") == "continue":
        return Cell(above, columns=columns, header=header)
    texts = [_text(p) for p in _block_elements(cell) if p.tag == _PARAGRAPH]
    return Cell(" ".join(text for text in texts if text), columns=columns, header=header)


def _is_deleted(row: _Element) -> bool:
    properties = row.find(_ROW_PROPERTIES)
    return properties is not None and properties.find(qn("w:del")) is not None


def _is_on(mark: _Element | None) -> bool:
    return mark is not None and mark.get(_VALUE, "on") not in ("0", "false", "off")


def _marked_rows(rows: list[_TableRow]) -> int:
    count = 0
    while count < len(rows) and rows[count].header:
        count += 1
    return count


def _number(text: str | None) -> int:
    return int(text) if text is not None and text.isascii() and text.isdigit() else 1


def _text(element: _Element) -> str:
    """The visible words below an element, without those of text boxes."""
    return "".join(_pieces(element)).strip()


def _pieces(element: _Element) -> Iterator[str]:
    for child in element:
        if child.tag in _TEXT:
            yield child.text or ""
        elif child.tag in _SPACE:
            yield " "
        elif child.tag == _HYPHEN:
            yield "-"
        elif child.tag == FORMULA:
            yield linear(child)
        elif child.tag not in _SKIPPED and child.tag != _FALLBACK:
            yield from _pieces(child)


def _kept(element: _Element, tag: str) -> Iterator[_Element]:
    """The elements with a tag below an element, outermost only, without what is not shown."""
    for child in element:
        if child.tag == tag:
            yield child
        elif child.tag != _FALLBACK and child.tag not in _SKIPPED:
            yield from _kept(child, tag)


def _numbering_part(document: Document) -> _Element | None:
    if RELATION.NUMBERING not in {r.reltype for r in document.part.rels.values()}:
        return None
    return document.part.numbering_part.element


def _note_texts(document: Document, hidden: HiddenRuns) -> dict[tuple[str, str], str]:
    """The text of every footnote and endnote by its kind and id."""
    texts: dict[tuple[str, str], str] = {}
    for relation, tag in _NOTES.values():
        for rel in document.part.rels.values():
            if rel.reltype != relation or rel.is_external:
                continue
            part = parse_xml(rel.target_part.blob)
            hidden.take_out(part)
            for note in part.findall(tag):
                paragraphs = [_text(p) for p in _block_elements(note) if p.tag == _PARAGRAPH]
                texts[relation, note.get(qn("w:id"), "")] = " ".join(paragraphs).strip()
    return texts
