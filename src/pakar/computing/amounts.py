"""Amounts as cells write them: `$ 93,662`, `(114)`, `23.6%`, `Rp1.250.000`.

Knows how one cell is written; knows no table and no question.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

_AMOUNT = re.compile(
    r"(?P<minus>[-−(\s]*)(?P<sign>[$€£¥]|[A-Z]{1,3}\$|Rp\.?|[A-Z]{3})?\s*(?P<inner>[-−(\s]*)"
    r"(?P<digits>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)\s*(?P<share>%?)\s*\)?\s*(?P<late>%?)"
)
_DOTTED = re.compile(r"\d{1,3}(?:\.\d{3}){2,}(?:,\d+)?|\d{1,3}(?:\.\d{3})+,\d+")


@dataclass(frozen=True, slots=True)
class Amount:
    """A number and what stands beside it: "%" or a sign of money."""

    value: Decimal
    unit: str = ""


def amount(text: str) -> Amount | None:
    """The amount that a cell is; None for one that holds anything else.

    Brackets are a minus, as accounts write it. Points group digits only where that is certain.
    """
    bare = text.strip()
    dotted = _DOTTED.search(bare)
    if dotted:
        plain = dotted.group().replace(".", "").replace(",", ".")
        bare = bare[: dotted.start()] + plain + bare[dotted.end() :]
    match = _AMOUNT.fullmatch(bare)
    if match is None:
        return None
    value = Decimal(match["digits"].replace(",", ""))
    before = match["minus"] + match["inner"]
    negative = any(mark in before for mark in "-−(")
    unit = "%" if match["share"] or match["late"] else (match["sign"] or "")
    return Amount(-value if negative else value, unit)
