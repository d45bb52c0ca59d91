"""The label that Word shows before a list item or a numbered heading: "-", "3.", "(b)", "2.1".

Word stores only which list and level a paragraph belongs to; the numbers are counted here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from docx.oxml.ns import qn

from pakar.documents.docx_styles import ParagraphStyle, numbering_of
from pakar.documents.numbering import NumberStyle, label

if TYPE_CHECKING:
    from lxml.etree import _Element

BULLET = "-"
_STYLES: dict[str, NumberStyle] = {
    "decimal": "decimal",
    "decimalZero": "decimal",
    "lowerLetter": "lower-letter",
    "upperLetter": "upper-letter",
    "lowerRoman": "lower-roman",
    "upperRoman": "upper-roman",
}
_PLACE = re.compile(r"%([1-9])")
_MOST_DEPTH = 9
_LABEL_LENGTH = 30


@dataclass(frozen=True, slots=True)
class _Level:
    style: NumberStyle | None  # none for bullets
    pattern: str
    start: int


class Numbering:
    """Counts the items of every list of one document, in reading order."""

    def __init__(self, element: _Element | None) -> None:
        self._levels: dict[str, dict[int, _Level]] = {}
        self._abstract: dict[str, str] = {}
        self._counts: dict[str, dict[int, int]] = {}
        if element is not None:
            self._read(element)

    def label(self, paragraph: _Element, style: ParagraphStyle) -> str:
        """The next label of the paragraph's list; empty for a paragraph outside any list."""
        number, level_text = numbering_of(paragraph.find(qn("w:pPr")))
        if not number:
            number, level_text = style.numbering
        if number in ("", "0"):
            return ""
        depth = min(int(level_text), _MOST_DEPTH) if level_text.isdigit() else 0
        level = self._levels.get(number, {}).get(depth)
        if level is None or level.style is None:
            return BULLET if level is None or level.pattern else ""
        return self._count(number, depth)

    def _count(self, number: str, depth: int) -> str:
        levels = self._levels[number]
        counts = self._counts.setdefault(self._abstract[number], {})
        counts[depth] = counts.get(depth, levels[depth].start - 1) + 1
        for deeper in [d for d in counts if d > depth]:
            del counts[deeper]

        def place(match: re.Match[str]) -> str:
            at = int(match.group(1)) - 1
            level = levels.get(at)
            if level is None or level.style is None:
                return ""
            return label(counts.get(at, level.start), level.style)

        return _PLACE.sub(place, levels[depth].pattern)[:_LABEL_LENGTH].strip() or BULLET

    def _read(self, element: _Element) -> None:
        abstract = {
            item.get(qn("w:abstractNumId"), ""): _levels(item)
            for item in element.findall(qn("w:abstractNum"))
        }
        for item in element.findall(qn("w:num")):
            number = item.get(qn("w:numId"), "")
            reference = item.find(qn("w:abstractNumId"))
            name = reference.get(qn("w:val"), "") if reference is not None else ""
            levels, restarted = _overridden(item, abstract.get(name, {}))
            self._levels[number] = levels
            self._abstract[number] = f"{name}/{number}" if restarted else name


def _levels(abstract: _Element) -> dict[int, _Level]:
    found: dict[int, _Level] = {}
    for element in abstract.findall(qn("w:lvl")):
        depth = element.get(qn("w:ilvl"), "0")
        if depth.isascii() and depth.isdigit():
            found[int(depth)] = _level(element)
    return found


def _level(element: _Element) -> _Level:
    form = _value(element, "w:numFmt", "decimal")
    start = _value(element, "w:start", "1")
    pattern = _value(element, "w:lvlText", "")
    if form == "none":
        return _Level(None, "", 1)
    number = int(start) if start.isascii() and start.isdigit() else 1
    return _Level(_STYLES.get(form), pattern, number)


def _overridden(number: _Element, levels: dict[int, _Level]) -> tuple[dict[int, _Level], bool]:
    """The levels of one list with its own starts, and whether it counts by itself."""
    own = dict(levels)
    overrides = number.findall(qn("w:lvlOverride"))
    for override in overrides:
        depth, start = override.get(qn("w:ilvl"), ""), _value(override, "w:startOverride", "")
        if depth.isdigit() and start.isdigit() and int(depth) in own:
            level = own[int(depth)]
            own[int(depth)] = _Level(level.style, level.pattern, int(start))
    return own, bool(overrides)


def _value(element: _Element, tag: str, default: str) -> str:
    child = element.find(qn(tag))
    return child.get(qn("w:val"), default) if child is not None else default
