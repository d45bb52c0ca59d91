"""Writes the formulas of Office files on a line: r^2, a_n, (n)/(k), \u221a(x).

Knows Office Math (ECMA-376 part 1, 22.1). Without signs for what stands raised or below a line,
the area of a circle would read "\u03c0r2".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxml.etree import _Element

_M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
FORMULA = f"{_M}oMath"
_TEXT = f"{_M}t"
_DEEPEST = 40


def linear(element: _Element, depth: int = 0) -> str:
    """What stands below an element, from left to right."""
    if element.tag == _TEXT:
        return element.text or ""
    if depth > _DEEPEST:
        return "".join(text.text or "" for text in element.iter(_TEXT))
    written = _WRITERS.get(element.tag)
    if written is not None:
        return written(element, depth + 1)
    return "".join(linear(child, depth + 1) for child in element)


def _part(element: _Element, name: str, depth: int) -> str:
    found = element.find(f"{_M}{name}")
    return linear(found, depth) if found is not None else ""


def _grouped(text: str) -> str:
    """In brackets, unless it is one sign, word or number."""
    return text if len(text) < 2 or text.isalnum() else f"({text})"


def _property(element: _Element, name: str, default: str) -> str:
    """The value of a property such as the sign of a bracket; it may be set to nothing."""
    for properties in element:
        if properties.tag.endswith("Pr"):
            found = properties.find(f"{_M}{name}")
            if found is not None:
                return str(found.get(f"{_M}val", ""))
    return default


def _raised(element: _Element, depth: int) -> str:
    base, above, below = (_part(element, name, depth) for name in ("e", "sup", "sub"))
    return (
        base + (f"_{_grouped(below)}" if below else "") + (f"^{_grouped(above)}" if above else "")
    )


def _fraction(element: _Element, depth: int) -> str:
    over, under = _part(element, "num", depth), _part(element, "den", depth)
    return f"{_grouped(over)}/{_grouped(under)}"


def _root(element: _Element, depth: int) -> str:
    degree = _part(element, "deg", depth)
    return f"{degree}\u221a({_part(element, 'e', depth)})"


def _sum(element: _Element, depth: int) -> str:
    sign = _property(element, "chr", "\u222b")
    below, above = _part(element, "sub", depth), _part(element, "sup", depth)
    bounds = (f"_{_grouped(below)}" if below else "") + (f"^{_grouped(above)}" if above else "")
    return f"{sign}{bounds} {_part(element, 'e', depth)}"


def _brackets(element: _Element, depth: int) -> str:
    inner = _property(element, "sepChr", "|").join(
        linear(part, depth) for part in element.findall(f"{_M}e")
    )
    return f"{_property(element, 'begChr', '(')}{inner}{_property(element, 'endChr', ')')}"


def _function(element: _Element, depth: int) -> str:
    return f"{_part(element, 'fName', depth)} {_part(element, 'e', depth)}"


def _matrix(element: _Element, depth: int) -> str:
    rows = (
        ", ".join(linear(cell, depth) for cell in row.findall(f"{_M}e"))
        for row in element.findall(f"{_M}mr")
    )
    return f"[{'; '.join(rows)}]"


_WRITERS: dict[str, Callable[[_Element, int], str]] = {
    **{f"{_M}{name}": _raised for name in ("sSup", "sSub", "sSubSup")},
    f"{_M}f": _fraction,
    f"{_M}rad": _root,
    f"{_M}nary": _sum,
    f"{_M}d": _brackets,
    f"{_M}func": _function,
    f"{_M}m": _matrix,
}
