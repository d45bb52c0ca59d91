"""What a Word paragraph's style says: heading level, list, table of contents.

Follows the chain of styles that a style is based on. Word keeps the built-in names ("heading 1")
in English whatever language it runs in; only the ids are translated.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from docx.oxml.ns import qn

if TYPE_CHECKING:
    from lxml.etree import _Element

_HEADING = re.compile(r"heading\s*(\d)\Z", re.IGNORECASE)
_CONTENTS = re.compile(r"toc(\s*\d|\s*heading)?\Z", re.IGNORECASE)
_BODY_LEVEL = 9  # w:outlineLvl counts headings from 0; 9 is body text
_LONGEST_CHAIN = 20


@dataclass(frozen=True, slots=True)
class ParagraphStyle:
    """`level` is 0 for body text, else the heading's, from 1. `numbering` is (numId, ilvl)."""

    level: int = 0
    contents: bool = False
    numbering: tuple[str, str] = ("", "")


class Styles:
    """The paragraph styles of one document."""

    def __init__(self, element: _Element) -> None:
        self._elements = {
            style.get(qn("w:styleId"), ""): style for style in element.findall(qn("w:style"))
        }
        self._known: dict[str, ParagraphStyle] = {}

    def of(self, paragraph: _Element) -> ParagraphStyle:
        """The paragraph's style with what the paragraph itself overrides."""
        properties = paragraph.find(qn("w:pPr"))
        if properties is None:
            return ParagraphStyle()
        named = properties.find(qn("w:pStyle"))
        style = self._style(named.get(qn("w:val"), "") if named is not None else "")
        own = _outline(properties)
        if own is None:
            return style
        return ParagraphStyle(0 if own >= _BODY_LEVEL else own + 1, style.contents, style.numbering)

    def _style(self, style_id: str) -> ParagraphStyle:
        if style_id not in self._known:
            self._known[style_id] = self._read(style_id)
        return self._known[style_id]

    def _read(self, style_id: str) -> ParagraphStyle:
        level, contents, numbering = 0, False, ("", "")
        for element in self._chain(style_id):
            name = element.find(qn("w:name"))
            words = name.get(qn("w:val"), "") if name is not None else ""
            level = level or _heading_level(words, element)
            contents = contents or _CONTENTS.match(words) is not None
            numbering = numbering if numbering[0] else numbering_of(element.find(qn("w:pPr")))
        return ParagraphStyle(level, contents, numbering)

    def _chain(self, style_id: str) -> list[_Element]:
        """The style and those it is based on; a style that is based on itself ends the chain."""
        chain: list[_Element] = []
        while style_id in self._elements and len(chain) < _LONGEST_CHAIN:
            element = self._elements[style_id]
            chain.append(element)
            base = element.find(qn("w:basedOn"))
            style_id = base.get(qn("w:val"), "") if base is not None else ""
        return chain


def numbering_of(properties: _Element | None) -> tuple[str, str]:
    """The list (numId) and the level in it (ilvl) that paragraph properties name, or empty."""
    numbering = properties.find(qn("w:numPr")) if properties is not None else None
    if numbering is None:
        return "", ""
    number, level = numbering.find(qn("w:numId")), numbering.find(qn("w:ilvl"))
    return (
        number.get(qn("w:val"), "") if number is not None else "",
        level.get(qn("w:val"), "0") if level is not None else "0",
    )


def _heading_level(name: str, element: _Element) -> int:
    match = _HEADING.match(name)
    if match is not None:
        return max(1, int(match.group(1)))
    if name.casefold() == "title":
        return 1
    properties = element.find(qn("w:pPr"))
    outline = _outline(properties) if properties is not None else None
    return outline + 1 if outline is not None and outline < _BODY_LEVEL else 0


def _outline(properties: _Element) -> int | None:
    element = properties.find(qn("w:outlineLvl"))
    value = element.get(qn("w:val"), "") if element is not None else ""
    return int(value) if value.isascii() and value.isdigit() else None
