"""Excel workbooks: every sheet, cells as they are shown, dates and numbers as they are meant."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import xlsxwriter
from table_reading import Reading, read

from pakar import SourceError
from pakar.config import Config

Fill = Callable[[xlsxwriter.Workbook], None]


def workbook(path: Path, fill: Fill, options: dict[str, object] | None = None) -> Path:
    with xlsxwriter.Workbook(path, options or {}) as book:
        fill(book)
    return path


def one_sheet(tmp_path: Path, rows: list[list[object]], formats: dict[int, str]) -> Reading:
    """A sheet "Sheet1" whose columns have these number formats."""

    def fill(book: xlsxwriter.Workbook) -> None:
        sheet = book.add_worksheet()
        looks = {column: book.add_format({"num_format": code}) for column, code in formats.items()}
        for at, row in enumerate(rows):
            for column, cell in enumerate(row):
                look = looks.get(column) if at else None
                if isinstance(cell, date):
                    sheet.write_datetime(at, column, cell, look)
                else:
                    sheet.write(at, column, cell, look)

    return read(workbook(tmp_path / "t.xlsx", fill))


def test_every_sheet_is_a_table_and_a_row_names_sheet_and_cells(tmp_path: Path) -> None:
    def fill(book: xlsxwriter.Workbook) -> None:
        for name in ("Fees", "Our branches"):
            sheet = book.add_worksheet(name)
            sheet.write_row(0, 0, ["name", "n"])
            sheet.write_row(2, 0, [f"in {name}", 5])

    reading = read(workbook(tmp_path / "t.xlsx", fill))

    assert reading.lines() == [
        ("Fees!A3:B3", "name: in Fees | n: 5"),
        ("'Our branches'!A3:B3", "name: in Our branches | n: 5"),
    ]
    document = reading.document
    assert [mark.value for mark in document.marks if mark.kind == "heading"] == [
        "Fees", "Our branches",
    ]  # fmt: skip
    assert reading.types(1) == {"name": "string", "n": "int64"}


@pytest.mark.parametrize(
    ("cell", "code", "shown", "value"),
    [
        (7, "00000", "00007", 7),
        (1.1, "0.00", "1.10", Decimal("1.1")),
        (1234567.5, "#,##0.00", "1,234,567.50", Decimal("1234567.5")),
        (0.125, "0.0%", "12.5%", Decimal("0.125")),
        (-1200, "#,##0;(#,##0)", "(1,200)", -1200),
        (15000, '"Rp"#,##0', "Rp15,000", 15000),
        (15000, "[$€-407] #,##0.00", "€ 15,000.00", 15000),
        (0.1 + 0.2, "General", "0.3", Decimal("0.3")),
        (12345678901234, "General", "12345678901234", 12345678901234),
        (1234.5, "0.00E+00", "1.23E+03", Decimal("1234.5")),
        (date(2024, 1, 31), "dd/mm/yyyy", "31/01/2024", date(2024, 1, 31)),
        (date(2024, 1, 31), "d mmmm yyyy", "31 January 2024", date(2024, 1, 31)),
        (date(2024, 1, 31), "ddd d.m.yy", "Wed 31.1.24", date(2024, 1, 31)),
        (datetime(2024, 1, 31, 14, 5), "yyyy-mm-dd hh:mm", "2024-01-31 14:05",
         datetime(2024, 1, 31, 14, 5)),
        (datetime(2024, 1, 31, 14, 5), "h:mm AM/PM", "2:05 PM", datetime(2024, 1, 31, 14, 5)),
    ],
)  # fmt: skip
def test_a_cell_is_read_as_shown_and_typed_as_stored(
    tmp_path: Path, cell: object, code: str, shown: str, value: object
) -> None:
    reading = one_sheet(tmp_path, [["name", "x"], ["a", cell]], {1: code})

    assert reading.lines() == [("Sheet1!A2:B2", f"name: a | x: {shown}")]
    found = reading.rows()[0]["x"]
    assert found == value or float(str(found)) == float(str(value))


def test_years_since_1904_are_those_meant(tmp_path: Path) -> None:
    def fill(book: xlsxwriter.Workbook) -> None:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["name", "day"])
        sheet.write(1, 0, "a")
        sheet.write_datetime(1, 1, date(2024, 1, 31), book.add_format({"num_format": "yyyy-mm-dd"}))

    reading = read(workbook(tmp_path / "t.xlsx", fill, {"date_1904": True}))

    assert reading.rows() == [{"name": "a", "day": date(2024, 1, 31)}]


def test_formulas_are_read_by_their_saved_results_and_counted_without(tmp_path: Path) -> None:
    def fill(book: xlsxwriter.Workbook) -> None:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["name", "sum", "late"])
        sheet.write(1, 0, "a")
        sheet.write_formula(1, 1, "=1+1", None, 2)
        sheet.write_formula(1, 2, "=1+2", None, "gone")

    path = workbook(tmp_path / "t.xlsx", fill)
    without(path, "xl/worksheets/sheet1.xml", rb"<v>gone</v>")

    reading = read(path)

    assert reading.lines() == [("Sheet1!A2:B2", "name: a | sum: 2")]
    assert "1 formulas have no saved result" in reading.document.warnings[0]


def test_merged_cells_name_all_that_they_span(tmp_path: Path) -> None:
    def fill(book: xlsxwriter.Workbook) -> None:
        sheet = book.add_worksheet()
        sheet.write(1, 0, "Branch")
        sheet.merge_range(0, 1, 0, 2, "2023")
        sheet.write_row(1, 1, ["Q1", "Q2", "City"])
        sheet.merge_range(2, 3, 3, 3, "Bern")
        sheet.write_row(2, 0, ["North", 10, 12])
        sheet.write_row(3, 0, ["South", 20, 22])

    assert [line for _, line in read(workbook(tmp_path / "t.xlsx", fill)).lines()] == [
        "Branch: North | 2023 Q1: 10 | 2023 Q2: 12 | City: Bern",
        "Branch: South | 2023 Q1: 20 | 2023 Q2: 22 | City: Bern",
    ]


def test_hidden_sheets_are_left_out_and_reported_unless_asked_for(tmp_path: Path) -> None:
    def fill(book: xlsxwriter.Workbook) -> None:
        for name in ("Open", "Secret"):
            sheet = book.add_worksheet(name)
            sheet.write_row(0, 0, ["a", "b"])
            sheet.write_row(1, 0, [name, 1])
        book.worksheets()[1].hide()

    path = workbook(tmp_path / "t.xlsx", fill)

    reading = read(path)
    assert "Secret" not in reading.document.text
    assert "'Secret'" in reading.document.warnings[0]
    shown = read(path, config=Config.model_validate({"tables": {"hidden_sheets": True}}))
    assert "a: Secret" in shown.document.text


def test_rich_texts_numbers_as_texts_and_line_breaks_are_read(tmp_path: Path) -> None:
    def fill(book: xlsxwriter.Workbook) -> None:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["name", "code", "open"])
        sheet.write_rich_string(1, 0, "Cheque ", book.add_format({"bold": True}), "book")
        sheet.write_string(1, 1, "007")
        sheet.write_boolean(1, 2, True)
        sheet.write_string(2, 0, "two\nlines")

    reading = read(workbook(tmp_path / "t.xlsx", fill))

    assert [line for _, line in reading.lines()] == [
        "name: Cheque book | code: 007 | open: TRUE",
        "name: two lines",
    ]
    assert reading.types() == {"name": "string", "code": "string", "open": "bool"}


def test_a_workbook_without_cells_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="holds no table"):
        read(workbook(tmp_path / "t.xlsx", lambda book: book.add_worksheet()))


def test_entities_in_a_sheet_are_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path / "t.xlsx", lambda book: book.add_worksheet().write(0, 0, "a"))
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">]>'
    rewrite(path, "xl/sharedStrings.xml", lambda data: data.replace(b"?>", b"?>" + bomb, 1))

    with pytest.raises(SourceError, match=r"entities|damaged"):
        read(path)


def test_a_sheet_cut_off_is_one_clear_error(tmp_path: Path) -> None:
    path = workbook(tmp_path / "t.xlsx", lambda book: book.add_worksheet().write(0, 0, "a"))
    rewrite(path, "xl/worksheets/sheet1.xml", lambda data: data[: len(data) // 2])

    with pytest.raises(SourceError, match=r"t\.xlsx"):
        read(path)


def without(path: Path, part: str, pattern: bytes) -> None:
    rewrite(path, part, lambda data: re.sub(pattern, b"", data))


def rewrite(path: Path, part: str, change: Callable[[bytes], bytes]) -> None:
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts[part] = change(parts[part])
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
