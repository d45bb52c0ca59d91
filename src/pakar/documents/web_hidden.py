"""Finds what a web page says of itself that it does not show.

Looks at what elements declare on themselves: `hidden`, `aria-hidden`, and the style attribute (not
displayed, no size, no ink, white where no colour is laid under it, moved off the page). Style
sheets are not applied: what only they hide is read as text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pakar.documents.invisible import InvisibleText

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

_WAYS = (
    ("hidden", re.compile(r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)", re.I)),
    ("too small to read", re.compile(
        r"font-size\s*:\s*(?:(?:0|0?\.\d+)(?:px|pt|r?em|%)?|1(?:px|pt|%)?)\s*(?:!|;|\Z)", re.I)),
    ("drawn in no ink", re.compile(
        r"(?<![\w-])opacity\s*:\s*(?:0|0?\.0\d*)\s*(?:!|;|\Z)"
        r"|(?<![\w-])color\s*:\s*(?:transparent|rgba\([^)]*,\s*0?(?:\.0+)?\s*\))", re.I)),
    ("outside the page", re.compile(r"(?:left|top|right|text-indent)\s*:\s*-\d{4,}", re.I)),
)  # fmt: skip
_WHITE = re.compile(
    r"(?<![\w-])color\s*:\s*(?:white|#fff|#f[a-f0-9]f[a-f0-9]f[a-f0-9]"
    r"|rgb\(\s*25\d,\s*25\d,\s*25\d\s*\))\s*(?:!|;|\Z)",
    re.IGNORECASE,
)
_GROUND = re.compile(r"background", re.IGNORECASE)
_SILENT = frozenset(["script", "style", "template", "svg", "noscript", "-comment", "head"])
# Menus and icons are hidden on most pages; a word or two of them is not worth a warning.
FEWEST_WORDS = 3


def take_out_hidden(tree: LexborHTMLParser, invisible: InvisibleText) -> None:
    """Notes what is hidden and removes it, or shows it where it is to be kept."""
    root = tree.body or tree.root
    if root is None:
        return
    for node, way in _hidden(root):
        invisible.add(_text(node), way)
        if invisible.keep:
            _show(node)
        else:
            node.decompose()


def _hidden(root: LexborNode) -> list[tuple[LexborNode, str]]:
    """The outermost hidden elements, each with how it is hidden."""
    found = []
    stack = [(root, False)]
    while stack:
        node, grounded = stack.pop()
        if (node.tag or "") in _SILENT:
            continue
        attributes = node.attributes
        grounded = grounded or _has_ground(attributes)
        way = _way(attributes, grounded=grounded) if attributes else ""
        if way and node is not root:
            found.append((node, way))
            continue
        stack.extend((child, grounded) for child in node.iter())
    return found


def _has_ground(attributes: dict[str, str | None]) -> bool:
    """Something may be laid under the text: a colour, a picture, or what a style sheet says."""
    style = attributes.get("style") or ""
    return bool(_GROUND.search(style)) or any(
        name in attributes for name in ("class", "id", "bgcolor", "background")
    )


def _way(attributes: dict[str, str | None], *, grounded: bool) -> str:
    if "hidden" in attributes or (attributes.get("aria-hidden") or "").lower() == "true":
        return "hidden"
    style = attributes.get("style") or ""
    for way, pattern in _WAYS:
        if pattern.search(style):
            return way
    return "white on white" if not grounded and _WHITE.search(style) else ""


def _text(node: LexborNode) -> str:
    pieces = []
    stack = [node]
    while stack:
        current = stack.pop()
        tag = current.tag or ""
        if tag == "-text":
            pieces.append(current.text_content or "")
        elif tag not in _SILENT:
            stack.extend(reversed(list(current.iter(include_text=True))))
    return " ".join(" ".join(pieces).split())


def _show(node: LexborNode) -> None:
    """Takes off what hides an element and those in it."""
    stack = [node]
    while stack:
        current = stack.pop()
        for name in ("hidden", "aria-hidden", "style"):
            if name in current.attributes:
                del current.attrs[name]
        stack.extend(current.iter())
