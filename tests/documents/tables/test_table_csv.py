"""What a user of CSV files relies on: encoding, separator and header found, cells as they stand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from table_reading import read, write

from pakar import SourceError

FEES = 'Service,Code,Fee\nCheque book,007,1.10\n"Card, gold",010,12.50\n'


def test_a_row_carries_its_column_names_and_its_cells_place(tmp_path: Path) -> None:
    reading = read(write(tmp_path, "fees.csv", FEES))

    assert reading.lines() == [
        ("A2:C2", "Service: Cheque book | Code: 007 | Fee: 1.10"),
        ("A3:C3", "Service: Card, gold | Code: 010 | Fee: 12.50"),
    ]


def test_leading_zeros_stay_text_and_decimals_stay_exact(tmp_path: Path) -> None:
    reading = read(write(tmp_path, "fees.csv", FEES))

    assert reading.types() == {"Service": "string", "Code": "string", "Fee": "decimal128(4, 2)"}
    assert [row["Code"] for row in reading.rows()] == ["007", "010"]
    assert [row["Fee"] for row in reading.rows()] == [Decimal("1.10"), Decimal("12.50")]


def test_the_card_tells_columns_types_counts_ranges_and_examples(tmp_path: Path) -> None:
    text = read(write(tmp_path, "fees.csv", FEES)).document.text

    assert "Table: 2 rows, 3 columns: Service, Code, Fee." in text
    assert "Column Fee: number, 2 of 2 filled, 2 different, from 1.10 to 12.50" in text
    assert "for example Cheque book; Card, gold." in text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_encodings_are_found_out(tmp_path: Path, encoding: str) -> None:
    text = "Ort;Größe\n" + "Köln;1,5\nMünchen;2,25\n" * 20

    reading = read(write(tmp_path, "orte.csv", text, encoding))

    assert reading.lines()[1] == ("A3:B3", "Ort: München | Größe: 2,25")


def test_bytes_that_are_not_utf8_far_down_are_read_too(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    plain = b"Ann;" + b"x" * 10_000 + b"\n"
    last = "Jörg;Zürich und Köln, die schönen Städte für Bücher über Bäume\n"
    path.write_bytes(b"name;city\n" + plain * 120 + last.encode("cp1252") * 9)

    reading = read(path)

    assert reading.lines()[-1][1] == "name: Jörg | city: " + last[5:-1]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_separators_are_found_out(tmp_path: Path, separator: str) -> None:
    rows = [["name", "note", "n"], ["Ann", "a b", "1"], ["Bob", "c", "22"]]
    text = "".join(separator.join(row) + "\r\n" for row in rows)

    assert [line for _, line in read(write(tmp_path, "t.csv", text)).lines()] == [
        "name: Ann | note: a b | n: 1",
        "name: Bob | note: c | n: 22",
    ]


def test_a_first_line_may_name_the_separator(tmp_path: Path) -> None:
    reading = read(write(tmp_path, "t.csv", "sep=;\na;b\nx,y;1\n"))

    assert reading.lines() == [("A3:B3", "a: x,y | b: 1")]


def test_a_title_above_the_header_is_kept_as_text(tmp_path: Path) -> None:
    text = (
        "Fee list of ZX Bank\n\nService,Fee,Since\nCheque book,50,2024-01-31\nCard,90,2023-02-01\n"
    )

    reading = read(write(tmp_path, "fees.csv", text))

    assert reading.document.text.startswith("Fee list of ZX Bank\n")
    assert reading.lines()[0] == ("A4:C4", "Service: Cheque book | Fee: 50 | Since: 2024-01-31")


def test_two_header_rows_become_one_name_a_column(tmp_path: Path) -> None:
    text = "Branch,2023,,2024,\n,Q1,Q2,Q1,Q2\nBern,10,12,14,9\nBasel,20,22,24,19\n"

    assert read(write(tmp_path, "t.csv", text)).lines()[0] == (
        "A3:E3",
        "Branch: Bern | 2023 Q1: 10 | 2023 Q2: 12 | 2024 Q1: 14 | 2024 Q2: 9",
    )


def test_years_are_column_names_where_the_cells_below_are_no_years(tmp_path: Path) -> None:
    reading = read(write(tmp_path, "t.csv", ',2019,2018\nRevenue,"1,496.5","1,202.9"\n'))

    assert reading.lines() == [("A2:C2", "Revenue | 2019: 1,496.5 | 2018: 1,202.9")]
    assert reading.types()["2019"] == "decimal128(5, 1)"


def test_without_a_header_no_row_is_taken_for_one(tmp_path: Path) -> None:
    reading = read(write(tmp_path, "t.csv", "1,2.5\n3,4.5\n"))

    assert reading.lines() == [("A1:B1", "1 | 2.5"), ("A2:B2", "3 | 4.5")]


def test_a_row_with_more_cells_than_the_header_loses_none(tmp_path: Path) -> None:
    reading = read(write(tmp_path, "t.csv", "a,b,c\n1,2,3\n4,5,6,7\n"))

    assert reading.lines()[1] == ("A3:D3", "a: 4 | b: 5 | c: 6 | 7")


def test_equal_names_are_told_apart_in_the_table_file(tmp_path: Path) -> None:
    reading = read(write(tmp_path, "t.csv", "fee,Fee,,_fee\n1,2,x,4\n3,4,y,5\n"))

    assert list(reading.types()) == ["fee", "Fee (2)", "Column C"]


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["1,234", "12,500"], "int64"),
        (["1.234.567", "15.000"], "int64"),
        (["1.234,50", "2,5"], "decimal128(6, 2)"),
        (["1 234", "12 500"], "int64"),
        (["$1,200", "(300)"], "int64"),
        (["12.5%", "7%"], "decimal128(3, 1)"),
        (["Rp15.000", "Rp2.500"], "int64"),
        (["1.234", "15.000"], "string"),  # a thousand or one? not told
        (["12%", "7"], "string"),
        (["007", "12"], "string"),
        (["2024-01-31", "2023-12-01"], "date32[day]"),
        (["31/01/2024", "01/02/2024"], "date32[day]"),
        (["01/02/2024", "03/04/2024"], "string"),  # day or month first? not told
        (["3 Mei 2024", "17 Agustus 1945"], "date32[day]"),
        (["2024-01-31T10:00:00Z", "2024-01-31 12:00"], "timestamp[us]"),
        (["true", "FALSE"], "bool"),
        (["5", "n/a"], "int64"),
        (["5", "five"], "string"),
        (["12345678901234567890", "1"], "string"),
    ],
)
def test_a_column_has_a_type_only_where_every_cell_reads_as_one(
    tmp_path: Path, cells: list[str], kind: str
) -> None:
    text = "name\tvalue\n" + "".join(f"x\t{cell}\n" for cell in cells)

    reading = read(write(tmp_path, "t.tsv", text))

    assert reading.types()["value"] == kind


def test_other_columns_tell_how_an_unclear_number_is_meant(tmp_path: Path) -> None:
    text = "name\ta\tb\nx\t1.234\t0,5\ny\t15.000\t12,75\n"

    rows = read(write(tmp_path, "t.tsv", text)).rows()

    assert [row["a"] for row in rows] == [1234, 15000]


def test_amounts_in_rupiah_are_read_as_they_are_written_in_indonesia(tmp_path: Path) -> None:
    reading = read(write(tmp_path, "biaya.csv", "Layanan;Biaya (Rp)\nBuku cek;15.000\nSMS;2.500\n"))

    assert [row["Biaya (Rp)"] for row in reading.rows()] == [15_000, 2_500]
    assert "Biaya (Rp): 15.000" in reading.lines()[0][1]


def test_negative_amounts_in_brackets_are_negative(tmp_path: Path) -> None:
    rows = read(write(tmp_path, "t.csv", 'item,amount\nloss,"(1,200)"\ngain,"3,400"\n')).rows()

    assert [row["amount"] for row in rows] == [-1200, 3400]


def test_typed_dates_are_those_written(tmp_path: Path) -> None:
    rows = read(write(tmp_path, "t.csv", "d\tn\n31/01/2024\t1\n01/02/2024\t2\n")).rows()

    assert [row["d"] for row in rows] == [date(2024, 1, 31), date(2024, 2, 1)]


@pytest.mark.parametrize("content", [b"\n\n", b" , \n,,\n"])
def test_a_file_without_a_cell_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(content)

    with pytest.raises(SourceError, match="holds no table"):
        read(path)


def test_a_quote_that_is_never_closed_is_refused_in_one_line(tmp_path: Path) -> None:
    path = write(tmp_path, "t.csv", 'a,b\n1,"' + "x" * 200_000)

    with pytest.raises(SourceError, match="row 2 cannot be read"):
        read(path)


def test_binary_data_named_csv_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(bytes(range(256)) * 40)

    with pytest.raises(SourceError):
        read(path)


def test_a_long_table_is_kept_in_parts(tmp_path: Path) -> None:
    text = "id,name\n" + "".join(f"{n},name {n}\n" for n in range(1, 2_501))

    reading = read(write(tmp_path, "big.csv", text))

    names = [one.document.name for one in reading.readouts]
    assert names == ["big.csv#part1", "big.csv#part2", "big.csv#part3", "big.csv"]
    assert len(reading.lines()) == 2_500
    assert reading.lines()[-1] == ("A2501:B2501", "id: 2500 | name: name 2500")
    assert "Table: 2,500 rows" in reading.document.text
    assert len(reading.rows()) == 2_500


_CELL = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\x00"), max_size=20)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=st.lists(st.lists(_CELL, min_size=2, max_size=5), min_size=1, max_size=8))
def test_whatever_the_cells_are_places_and_offsets_hold(
    tmp_path: Path, rows: list[list[str]]
) -> None:
    import csv

    path = tmp_path / "any.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    try:
        reading = read(path)
    except SourceError:
        return
    document = reading.document
    for mark in document.marks:
        assert document.text[mark.start : mark.end].strip()
        assert "\n" not in document.text[mark.start : mark.end] or mark.kind in ("table", "card")
