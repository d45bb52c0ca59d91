"""The name of one cell, from its row's place: `Sheet1!A5:F5` and the third column give `Sheet1!C5`;
and back from such a name to the row and the column.

Knows how places are written, and no table.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_RANGE = re.compile(
    r"(?P<sheet>.*!)?(?P<first>[A-Z]{1,3})(?P<row>\d+):(?P<last>[A-Z]{1,3})(?P=row)", re.S
)
_CELL = re.compile(r"(?P<sheet>.*!)?(?P<column>[A-Z]{1,3})(?P<row>\d+)", re.S)


def cell(place: str, position: int, name: str) -> str:
    """The cell of the column at `position` (from 0) called `name`, in the row at `place`."""
    match = _RANGE.fullmatch(place)
    if match is None:
        return f"{place}.{name}"
    column = _index(match["first"]) + position
    if column > _index(match["last"]):
        return f"{place}.{name}"
    return f"{match['sheet'] or ''}{_letters(column)}{match['row']}"


def position(place: str, name: str, columns: Sequence[tuple[int, str]]) -> int | None:
    """Which of the columns, each with its position and name, the cell called `name` stands in.

    None where it is none of the row at `place`, -1 where it is the row itself.
    """
    if name == place:
        return -1
    for number, (at, column) in enumerate(columns):
        if cell(place, at, column) == name:
            return number
    return None


def in_row(place: str, name: str) -> bool:
    """Whether the cell called `name` is one of the row at `place`, or that row itself."""
    if name == place or name.startswith(f"{place}."):
        return True
    row, one = _RANGE.fullmatch(place), _CELL.fullmatch(name)
    if row is None or one is None or (row["sheet"], row["row"]) != (one["sheet"], one["row"]):
        return False
    return _index(row["first"]) <= _index(one["column"]) <= _index(row["last"])


def letters_from(place: str, count: int) -> tuple[str, ...]:
    """The letters of so many columns from the one on with which a row in a sheet begins."""
    match = _RANGE.fullmatch(place)
    if match is None:
        return ()
    first = _index(match["first"])
    return tuple(_letters(at) for at in range(first, first + count))


def row_number(place: str) -> str:
    """The row's number of a row in a sheet, "5" of `Sheet1!A5:F5`; "" of other places."""
    match = _RANGE.fullmatch(place)
    return match["row"] if match else ""


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
