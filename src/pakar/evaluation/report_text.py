"""Words in a report: escaped, cut, and numbers as people read them.

Everything that comes from documents, questions, models or settings goes through `safe`.
"""

from __future__ import annotations

import html
import re

# Characters that HTML does not allow, and those that turn the direction of what follows.
_ODD = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def safe(text: str) -> str:
    """Text for HTML, between tags and in quoted attributes."""
    return html.escape(_ODD.sub("\ufffd", text), quote=True)


def cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[:longest].rstrip()} …"


def seconds(value: float | None) -> str:
    if value is None:
        return "–"
    if value >= 90:
        return f"{value / 60:.0f} min"
    return f"{value:.0f} s" if value >= 10 else f"{value:.2g} s"


def watt_hours(value: float | None) -> str:
    return "–" if value is None else f"{value:.2g} Wh"


def megabytes(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f} MB"
