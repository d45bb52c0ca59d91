"""What every reader of tables gives: named columns and a stream of rows, each with its place.

Knows no file format, no types of columns and no documents.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

# No real table is wider; a file that claims so is broken or hostile.
MOST_COLUMNS = 1_000


@dataclass(frozen=True, slots=True)
class Row:
    """One row: where it stands, its cells as the source shows them, and their values.

    `values` are the cells' values where the source has types (int, float, Decimal, bool, date,
    datetime, str, None for empty); empty where all that is known of a cell is its text.
    """

    place: str
    texts: Sequence[str]
    values: Sequence[object] = ()


@dataclass(slots=True)
class RawTable:
    """One table of a source; `rows` is read once, in order.

    `name` is the sheet's or the database's table ("" where there is only one and it has none).
    `columns` are the names as they stand in the source; a column without one has "". `above` are
    the lines over the header: titles, notes. `decimal_comma` says that a comma in a number is more
    likely a decimal sign than a thousands separator. `warnings` may grow while rows are read.
    """

    name: str
    columns: tuple[str, ...]
    rows: Iterator[Row]
    above: tuple[str, ...] = ()
    decimal_comma: bool = False
    warnings: list[str] = field(default_factory=list)


def column_letters(number: int) -> str:
    """The letters of a column in a spreadsheet, counted from 1: A, Z, AA."""
    letters = ""
    while number > 0:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def cell_range(row: int, width: int, sheet: str = "", first: int = 1) -> str:
    """The cells of a row as a spreadsheet names them: `Sheet1!A5:F5`."""
    cells = f"{column_letters(first)}{row}"
    if width > 1:
        cells += f":{column_letters(first + width - 1)}{row}"
    if not sheet:
        return cells
    plain = sheet.replace("_", "a").isalnum() and not sheet[0].isdigit()
    quoted = sheet if plain else "'" + sheet.replace("'", "''") + "'"
    return f"{quoted}!{cells}"


def unique_names(columns: Sequence[str]) -> list[str]:
    """The names, each once: nameless columns get their letters, doubles a number."""
    taken: set[str] = set()
    names = []
    for position, column in enumerate(columns, start=1):
        base = column or f"Column {column_letters(position)}"
        base = f"{base} " if base.startswith("_") else base
        name, count = base, 1
        while name.casefold() in taken:
            count += 1
            name = f"{base} ({count})"
        taken.add(name.casefold())
        names.append(name)
    return names
