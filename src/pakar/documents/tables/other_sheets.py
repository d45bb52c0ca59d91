"""Spreadsheets of other kinds than XLSX: XLS, XLSB and ODS, by python-calamine (MIT).

https://github.com/dimastbk/python-calamine. The library gives values and not what a cell displays:
a number comes without the sheet's format, a date as ISO 8601. A sheet is held whole in memory,
which the limits of the reading process bound.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from pakar.backends.extras import require
from pakar.documents.office import check_package
from pakar.documents.tables.blocks import tables_of
from pakar.documents.tables.grid import GridRow
from pakar.documents.tables.model import RawTable
from pakar.documents.tables.parquet_in import shown
from pakar.errors import SourceError

if TYPE_CHECKING:
    from python_calamine import CalamineSheet, CalamineWorkbook

_MOST_UNPACKED = 500_000_000
# Larger whole numbers are not exact in the cells of a spreadsheet.
_LARGEST_EXACT = 10**15


def read_other_sheets(path: Path, *, hidden_sheets: bool = False) -> Iterator[RawTable]:
    """The tables of all sheets in order; hidden ones only when asked for.

    Raises SourceError where the file is damaged or protected, MissingExtraError without the
    library.
    """
    require("python_calamine", extra="sheets")
    from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

    with path.open("rb") as file:
        is_package = file.read(2) == b"PK"
    if is_package:
        check_package(path, most_markup=_MOST_UNPACKED, most_unpacked=_MOST_UNPACKED)
    with _understood():
        book = CalamineWorkbook.from_path(str(path))
        listed = [one for one in book.sheets_metadata if one.typ == SheetTypeEnum.WorkSheet]
    hidden = [one.name for one in listed if one.visible != SheetVisibleEnum.Visible]
    left_out = [] if hidden_sheets else hidden
    warnings = [f"hidden sheets are not read: {', '.join(map(repr, left_out[:5]))}"]
    for one in listed:
        if one.name in left_out:
            continue
        for table in tables_of(_rows(book, one.name), one.name):
            table.warnings, left_out = [*warnings] if left_out else [], []
            yield table


def _rows(book: CalamineWorkbook, name: str) -> Iterator[GridRow]:
    with _understood():
        sheet = book.get_sheet_by_name(name)
        first = sheet.start[1] if sheet.start else 0
    for number, cells in enumerate(_cells(sheet), start=1):
        values = [None] * first + [_value(cell) for cell in cells]
        yield GridRow(number, [_text(value) for value in values], values)


def _cells(sheet: CalamineSheet) -> Iterator[Sequence[object]]:
    """Rows from the first of the sheet on, each from the first column in use."""
    with _understood():
        yield from sheet.iter_rows()


def _value(cell: object) -> object:
    """A number as the other readers give it: whole, or decimal as it is written."""
    if cell == "":
        return None
    if isinstance(cell, float):
        whole = cell.is_integer() and abs(cell) < _LARGEST_EXACT
        return int(cell) if whole else Decimal(repr(cell))
    return cell


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    if isinstance(value, str | int | Decimal | date | time | timedelta | None):
        return shown(value)
    raise SourceError(f"holds a cell of an unknown kind ({type(value).__name__})")


@contextmanager
def _understood() -> Iterator[None]:
    """Turns the library's errors into one; it is written in Rust, and a panic is no Exception."""
    from python_calamine import CalamineError, PasswordError

    try:
        yield
    except PasswordError as error:
        raise SourceError(
            "is protected by a password", hint="Save a copy without the password, and add that."
        ) from error
    except CalamineError as error:
        raise _damaged(str(error)) from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise _damaged("the library could not go on") from None


def _damaged(reason: str) -> SourceError:
    line = (reason.splitlines() or [""])[0][:160]
    return SourceError(
        f"cannot be read as a spreadsheet: {line}", hint="Save it as XLSX, and add that."
    )
