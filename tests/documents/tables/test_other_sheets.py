"""XLS, XLSB and ODS are read as tables, and refused with one line where they cannot be."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from table_reading import read

from pakar.errors import SourceError

pytest.importorskip("python_calamine")
LEGACY = Path(__file__).parents[2] / "data" / "docling" / "ducks.xls"

_SPACES = " ".join(
    f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for short, name in (("office", "office"), ("table", "table"), ("text", "text"))
)


def ods(*rows: str, repeated: int = 1, mimetype: str = "spreadsheet") -> bytes:
    """An ODS file with these table rows, the last of them `repeated` times."""
    lines = "".join(f"<table:table-row>{row}</table:table-row>" for row in rows[:-1])
    last = f'<table:table-row table:number-rows-repeated="{repeated}">{rows[-1]}</table:table-row>'
    content = (
        f'<?xml version="1.0"?><office:document-content {_SPACES} office:version="1.2">'
        f'<office:body><office:spreadsheet><table:table table:name="Fees">{lines}{last}'
        "</table:table></office:spreadsheet></office:body></office:document-content>"
    )
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", f"application/vnd.oasis.opendocument.{mimetype}")
        archive.writestr("content.xml", content)
        archive.writestr("META-INF/manifest.xml", "<manifest/>")
    return file.getvalue()


def text(words: str) -> str:
    return (
        f'<table:table-cell office:value-type="string"><text:p>{words}</text:p></table:table-cell>'
    )


def number(value: str) -> str:
    return (
        f'<table:table-cell office:value-type="float" office:value="{value}"><text:p>{value}'
        "</text:p></table:table-cell>"
    )


def day(value: str) -> str:
    return (
        f'<table:table-cell office:value-type="date" office:date-value="{value}"><text:p>{value}'
        "</text:p></table:table-cell>"
    )


def test_an_ods_sheet_is_a_table_with_types(tmp_path: Path) -> None:
    file = tmp_path / "fees.ods"
    file.write_bytes(
        ods(
            text("Service") + text("Fee") + text("Since"),
            text("Locker") + number("900") + day("2019-04-15"),
            text("Cheque book") + number("0.1") + day("2024-01-31"),
        )
    )
    reading = read(file)
    assert reading.lines() == [
        ("Fees!A2:C2", "Service: Locker | Fee: 900 | Since: 2019-04-15"),
        ("Fees!A3:C3", "Service: Cheque book | Fee: 0.1 | Since: 2024-01-31"),
    ]
    assert reading.types() == {
        "Service": "string",
        "Fee": "decimal128(4, 1)",
        "Since": "date32[day]",
    }


def test_an_old_workbook_keeps_its_cells_places_and_title(tmp_path: Path) -> None:
    reading = read(LEGACY)
    assert reading.document.media_type == "application/vnd.ms-excel"
    assert "Number of freshwater ducks per year" in reading.document.text
    assert reading.lines()[0] == ("'Duck Observations'!A5:C5", "Year: 2019 | Freshwater Ducks: 120")
    assert reading.rows()[1] == {"Year": 2020, "Freshwater Ducks": 135}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("cut.xls", LEGACY.read_bytes()[:3_000]),
        ("cut.ods", ods(text("a"))[:-100]),
        ("text.ods", ods(text("a"), mimetype="text")),
        ("html.xls", b"<html><body><table><tr><td>1</td></tr></table></body></html>"),
        ("empty.ods", ods("")),
        ("zeros.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4_000)),
    ],
)
def test_what_is_no_spreadsheet_is_one_line(tmp_path: Path, name: str, content: bytes) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(SourceError) as caught:
        read(file)
    assert "\n" not in str(caught.value)
    assert caught.value.hint
