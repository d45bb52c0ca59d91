"""The name of one cell, from its row's place: `Sheet1!A5:F5` and the third column give `Sheet1!C5`.

Knows how places are written, and no table.
"""

from __future__ import annotations

import re

_RANGE = re.compile(
    r"(?P<sheet>.*!)?(?P<first>[A-Z]{1,3})(?P<row>\d+):(?P<last>[A-Z]{1,3})(?P=row)", re.S
)


def cell(place: str, position: int, name: str) -> str:
    """The cell of the column at `position` (from 0) called `name`, in the row at `place`."""
    match = _RANGE.fullmatch(place)
    if match is None:
        return f"{place}.{name}"
    column = _index(match["first"]) + position
    if column > _index(match["last"]):
        return f"{place}.{name}"
    return f"{match['sheet'] or ''}{_letters(column)}{match['row']}"


def _index(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


def _letters(number: int) -> str:
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
