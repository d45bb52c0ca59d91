"""Keeps markup made to exhaust a parser away from it.

HTML parsers take quadratic time and memory on two things that no real page has: elements nested
thousands deep, and thousands of formatting elements that are never closed (each is opened again in
every paragraph that follows). Knows tags only as patterns; it parses nothing.
"""

from __future__ import annotations

import re

from pakar.errors import SourceError

# Browsers stop at 512.
_DEEPEST = 1_000
_MOST_UNCLOSED = 200

_FORMATTING = re.compile(
    r"<(/?)(?:a|b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)(?=[\s/>])[^<>]*>",
    re.IGNORECASE,
)
# What is never closed goes on to the end, as in browsers; that also keeps the time linear.
_OPAQUE = re.compile(
    r"<(script|style)\b[^<>]*>.*?(?:</\1|\Z)|<!--.*?(?:-->|\Z)", re.IGNORECASE | re.DOTALL
)
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9-]*)")
# Elements that have no end tag, or whose end tag may be left out.
_UNCLOSED = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source",
     "track", "wbr", "p", "li", "dt", "dd", "tr", "td", "th", "thead", "tbody", "tfoot", "option",
     "optgroup", "colgroup", "caption", "rp", "rt", "html", "head", "body", "a"]
)  # fmt: skip


def disarmed(markup: str) -> str:
    """The markup, without its formatting tags where far more are opened than closed.

    Raises SourceError where elements nest more than a thousand deep.
    """
    opened = sum(-1 if match.group(1) else 1 for match in _FORMATTING.finditer(markup))
    if opened > _MOST_UNCLOSED:
        markup = _FORMATTING.sub("", markup)
    depth = 0
    for match in _TAG.finditer(_OPAQUE.sub("", markup)):
        if match.group(2).lower() in _UNCLOSED:
            continue
        depth = max(0, depth - 1) if match.group(1) else depth + 1
        if depth > _DEEPEST:
            raise SourceError(
                f"nests elements more than {_DEEPEST:,} deep",
                hint="The page is broken or was made to do harm: leave it out.",
            )
    return markup
