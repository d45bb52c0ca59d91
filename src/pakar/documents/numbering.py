"""Labels of numbered list items: 3, c, C, iii, III.

Knows the counting styles that HTML and Office share, and nothing else.
"""

from __future__ import annotations

from typing import Literal

NumberStyle = Literal["decimal", "lower-letter", "upper-letter", "lower-roman", "upper-roman"]

_ROMAN = (
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"),
    (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
)  # fmt: skip
_MOST_ROMAN = 3999


def label(number: int, style: NumberStyle) -> str:
    """The label of the item with this number, counted from 1; outside a style's range, decimal."""
    if number < 1 or style == "decimal":
        return str(number)
    text = _letters(number) if style.endswith("letter") else _roman(number)
    return text.upper() if style.startswith("upper") else text


def _letters(number: int) -> str:
    """a to z, then aa to zz, as Office counts: the letter repeats."""
    repeats, position = divmod(number - 1, 26)
    return chr(ord("a") + position) * (repeats + 1) if repeats < 5 else str(number)


def _roman(number: int) -> str:
    if number > _MOST_ROMAN:
        return str(number)
    text = ""
    for value, letters in _ROMAN:
        times, number = divmod(number, value)
        text += letters * times
    return text
