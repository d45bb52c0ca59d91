"""Tables below each other on a sheet are told apart; one table with gaps in it stays one."""

from __future__ import annotations

from pathlib import Path

import xlsxwriter
from table_reading import Reading, read

FEES = [["Service", "Fee"], ["Locker", 900], ["Cheque book", 50]]
STAFF = [["Branch", "City", "Staff"], ["North", "Delhi", 12], ["South", "Chennai", 7]]


def sheet(tmp_path: Path, rows: list[list[object]]) -> Reading:
    path = tmp_path / "t.xlsx"
    with xlsxwriter.Workbook(path) as book:
        page = book.add_worksheet("Bank")
        for at, row in enumerate(rows):
            page.write_row(at, 0, row)
    return read(path)


def headings(reading: Reading) -> list[str]:
    return [mark.value for mark in reading.document.marks if mark.kind == "heading"]


def test_each_table_has_its_own_header_title_and_types(tmp_path: Path) -> None:
    reading = sheet(tmp_path, [["Fees"], *FEES, [], ["Staff of branches"], [], *STAFF, [], *FEES])
    assert reading.lines() == [
        ("Bank!A3:B3", "Service: Locker | Fee: 900"),
        ("Bank!A4:B4", "Service: Cheque book | Fee: 50"),
        ("Bank!A9:C9", "Branch: North | City: Delhi | Staff: 12"),
        ("Bank!A10:C10", "Branch: South | City: Chennai | Staff: 7"),
        ("Bank!A13:B13", "Service: Locker | Fee: 900"),
        ("Bank!A14:B14", "Service: Cheque book | Fee: 50"),
    ]
    assert headings(reading) == ["Bank", "Bank: Staff of branches", "Bank (3)"]
    assert reading.rows(1) == [
        {"Branch": "North", "City": "Delhi", "Staff": 12},
        {"Branch": "South", "City": "Chennai", "Staff": 7},
    ]


def test_groups_totals_and_notes_stay_with_their_table(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        *FEES, [], ["Abroad"], ["Locker", 1200], [], ["Card", 10], [], ["Total", 2160], [],
        ["Source: the annual report"], ["as of May", "approved by the board"],
    ]  # fmt: skip
    reading = sheet(tmp_path, rows)
    assert headings(reading) == ["Bank"]
    assert len(reading.lines()) == 8


def test_rows_of_words_behind_a_gap_are_no_header(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        ["Service", "Where"], ["Locker", "Branch"], ["Loan", "Head office"], [],
        ["Card", "Anywhere"], ["Cheque", "Branch"],
    ]  # fmt: skip
    assert headings(sheet(tmp_path, rows)) == ["Bank"]


def test_a_long_table_behind_another_keeps_all_rows(tmp_path: Path) -> None:
    long: list[list[object]] = [[f"Customer {number}", number] for number in range(3_000)]
    reading = sheet(tmp_path, [*FEES, [], ["Name", "Number"], *long])
    assert len(reading.rows(0)) == 2
    assert [row["Number"] for row in reading.rows(1)] == list(range(3_000))
