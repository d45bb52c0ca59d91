"""Numbers as people write them: which style a column's cells share, and what they are worth.

Knows separators, signs and units. A style is told by all cells of a column together, as "1.234"
alone may be one or a thousand.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

# The families agree on what the last separator means.
POINT, COMMA = "point", "comma"
_UNIT = r"[$€£¥₹%]|Rp\.?|IDR|USD|EUR|GBP|INR|SGD|MYR|Rs\.?"
_NUMBER = re.compile(
    rf"(?P<open>\()?\s*(?P<sign>[-+−])?\s*(?P<before>{_UNIT})?\s*(?P<inner>[-+−])?"
    rf"(?P<digits>\d[\d.,  ’']*)\s*(?P<after>{_UNIT})?\s*(?P<close>\))?\s*(?P<last>%)?"
)
_WHOLE = r"(?:0|[1-9]\d*)"
_STYLES = {
    "plain": (POINT, re.compile(rf"{_WHOLE}(?:\.\d+)?")),
    "comma": (COMMA, re.compile(rf"{_WHOLE}(?:,\d+)?")),
    "english": (POINT, re.compile(r"(?:0|[1-9]\d{0,2})(?:,\d{3})*(?:\.\d+)?")),
    "european": (COMMA, re.compile(r"(?:0|[1-9]\d{0,2})(?:\.\d{3})*(?:,\d+)?")),
    "spaced": (POINT, re.compile(r"(?:0|[1-9]\d{0,2})(?:[  ’']\d{3})*(?:\.\d+)?")),
    "spaced comma": (COMMA, re.compile(r"(?:0|[1-9]\d{0,2})(?:[  ]\d{3})*(?:,\d+)?")),
}
STYLES = tuple(_STYLES)
_LONGEST = 18
_GROUPING = re.compile(r"[  ’']")


@dataclass(frozen=True, slots=True)
class Written:
    """A number as written: its digits with separators, its sign and its unit."""

    digits: str
    negative: bool
    unit: str


def written(cell: str) -> Written | None:
    """The parts of a cell that is a number; None where it is none."""
    if cell.isascii() and cell.isdigit():
        return Written(cell, False, "")
    match = _NUMBER.fullmatch(cell)
    if match is None or bool(match["open"]) != bool(match["close"]):
        return None
    signs = [sign for sign in (match["sign"], match["inner"]) if sign]
    units = [unit for unit in (match["before"], match["after"], match["last"]) if unit]
    if len(signs) > 1 or len(units) > 1 or (signs and match["open"]):
        return None
    negative = bool(match["open"]) or (bool(signs) and signs[0] != "+")
    return Written(match["digits"].rstrip(), negative, units[0].rstrip(".") if units else "")


def styles_of(digits: str, among: tuple[str, ...] = STYLES) -> tuple[str, ...]:
    """The styles in which these digits are a number. Leading zeros make an identifier."""
    if digits.isdigit():
        if len(digits) > 1 and digits[0] == "0":
            return ()
        if len(digits) > _LONGEST:
            return ()
        if len(digits) <= 3:
            return among
    return tuple(style for style in among if _STYLES[style][1].fullmatch(digits))


def family(style: str) -> str:
    """POINT or COMMA: what its decimal sign is."""
    return _STYLES[style][0]


def plain_digits(digits: str, of_family: str) -> str:
    """The digits without grouping, with a point as the decimal sign."""
    if digits.isdigit():
        return digits
    if of_family == COMMA:
        digits = digits.replace(".", "").replace(",", ".")
    else:
        digits = digits.replace(",", "")
    return _GROUPING.sub("", digits)


def value(number: Written, of_family: str) -> Decimal:
    """Exactly what is written, in a style of this family. Raises ValueError for anything else."""
    digits = plain_digits(number.digits, of_family)
    try:
        worth = Decimal(digits)
    except InvalidOperation as error:
        raise ValueError(f"{digits!r} is no number") from error
    return -worth if number.negative else worth
