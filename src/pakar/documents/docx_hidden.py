"""Finds the runs of a Word document that nobody sees.

Knows the properties of runs and of the styles that they have: hidden (w:vanish), white where
nothing is laid under them, or too small to read. A run in a table with a style, or in a text box,
may stand on any colour: it counts as seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from docx.oxml.ns import qn

from pakar.documents.invisible import InvisibleText

if TYPE_CHECKING:
    from lxml.etree import _Element

_RUN, _PROPERTIES, _VALUE = qn("w:r"), qn("w:rPr"), qn("w:val")
_PARAGRAPH, _PARAGRAPH_PROPERTIES = qn("w:p"), qn("w:pPr")
_VANISH, _COLOR, _SIZE, _SHADING = qn("w:vanish"), qn("w:color"), qn("w:sz"), qn("w:shd")
_TEXT = qn("w:t")
_LONGEST_CHAIN = 20
_PALE = 235
# Half points; Word's smallest is 2.
_TOO_SMALL = 3
_GROUNDS = {
    _PARAGRAPH: (qn("w:pPr"),), qn("w:tc"): (qn("w:tcPr"),), qn("w:tbl"): (qn("w:tblPr"),),
}  # fmt: skip


class HiddenRuns:
    """Takes hidden runs out of parts of one document; `styles` is its w:styles element."""

    def __init__(self, styles: _Element, invisible: InvisibleText) -> None:
        self._styles = {style.get(qn("w:styleId"), ""): style for style in styles}
        self._invisible = invisible

    def take_out(self, part: _Element) -> None:
        """Notes the hidden runs below an element and removes them, or shows them if kept."""
        colored = part.getroottree().find(qn("w:background")) is not None
        for run in list(part.iter(_RUN)):
            way = self._way(run, colored=colored)
            if not way:
                continue
            self._invisible.add("".join(text.text or "" for text in run.iter(_TEXT)), way)
            if not self._invisible.keep:
                run.getparent().remove(run)
                continue
            for vanish in list(run.iter(_VANISH)):
                vanish.getparent().remove(vanish)

    def _way(self, run: _Element, *, colored: bool) -> str:
        properties = list(self._properties(run))
        if _is_on(_first(properties, _VANISH)):
            return "hidden"
        size = _number(_first(properties, _SIZE))
        if size is not None and size <= _TOO_SMALL:
            return "too small to read"
        if colored or not _is_pale(_first(properties, _COLOR)):
            return ""
        return "" if self._has_ground(run, properties) else "white on white"

    def _properties(self, run: _Element) -> Iterator[_Element]:
        """The run's own properties, then those of its style, then of its paragraph's style."""
        own = run.find(_PROPERTIES)
        if own is not None:
            yield own
            yield from self._of_style(own.find(qn("w:rStyle")), _PROPERTIES)
        yield from self._of_style(_paragraph_style(run), _PROPERTIES)

    def _of_style(self, named: _Element | None, tag: str) -> Iterator[_Element]:
        style_id = named.get(_VALUE, "") if named is not None else ""
        for _ in range(_LONGEST_CHAIN):
            style = self._styles.get(style_id)
            if style is None:
                return
            properties = style.find(tag)
            if properties is not None:
                yield properties
            base = style.find(qn("w:basedOn"))
            style_id = base.get(_VALUE, "") if base is not None else ""

    def _has_ground(self, run: _Element, properties: list[_Element]) -> bool:
        """A colour is laid under the run, or may be."""
        marker = _first(properties, qn("w:highlight"))
        if (marker is not None and marker.get(_VALUE) != "none") or _is_shaded(properties):
            return True
        if _is_shaded(list(self._of_style(_paragraph_style(run), _PARAGRAPH_PROPERTIES))):
            return True
        for above in run.iterancestors():
            if above.tag == qn("w:txbxContent"):
                return True
            found = [above.find(tag) for tag in _GROUNDS.get(above.tag, ())]
            places = [one for one in found if one is not None]
            if _is_shaded(places) or any(p.find(qn("w:tblStyle")) is not None for p in places):
                return True
        return False


def _paragraph_style(run: _Element) -> _Element | None:
    paragraph = next(run.iterancestors(_PARAGRAPH), None)
    properties = paragraph.find(_PARAGRAPH_PROPERTIES) if paragraph is not None else None
    return properties.find(qn("w:pStyle")) if properties is not None else None


def _first(properties: list[_Element], tag: str) -> _Element | None:
    return next((found for one in properties if (found := one.find(tag)) is not None), None)


def _is_on(mark: _Element | None) -> bool:
    return mark is not None and mark.get(_VALUE, "on") not in ("0", "false", "off")


def _is_shaded(properties: list[_Element]) -> bool:
    shading = _first(properties, _SHADING)
    if shading is None:
        return False
    fill = shading.get(qn("w:fill"), "auto")
    patterned = shading.get(_VALUE, "clear") not in ("clear", "nil")
    themed = shading.get(qn("w:themeFill")) is not None
    return patterned or themed or not (fill == "auto" or _is_pale_hex(fill))


def _is_pale(color: _Element | None) -> bool:
    if color is None:
        return False
    return color.get(qn("w:themeColor")) in ("background1", "light1") or _is_pale_hex(
        color.get(_VALUE, "")
    )


def _is_pale_hex(value: str) -> bool:
    try:
        parts = [int(value[at : at + 2], 16) for at in (0, 2, 4)]
    except ValueError:
        return False
    return len(value) == 6 and min(parts) >= _PALE


def _number(element: _Element | None) -> int | None:
    value = element.get(_VALUE, "") if element is not None else ""
    return int(value) if value.isascii() and value.isdigit() and len(value) < 6 else None
