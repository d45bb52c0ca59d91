"""What a reading process tells of a table is checked; its owner opens no file that it wrote."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pakar.config import Config
from pakar.documents.tables.reading import read_table_file
from pakar.documents.workers.spool import read_back, write_out
from pakar.errors import SourceError
from pakar.ports import Readout
from pakar.types import Document

TABLE = """id,name,fee,rate,opened,seen,open
1,"Ann ""A"" Lee",1234.50,0.5,2024-05-03,2024-05-03 10:22:00,true
2,Bųdi 中 😀,-0.05,1.25,2023-12-31,2024-05-04 00:00:01.5,false
3,,,,,,
"""


def told(tmp_path: Path, text: str = TABLE) -> tuple[Path, Document]:
    """What a worker leaves of a table: its folder and the last document."""
    source = tmp_path / "fees.csv"
    source.write_text(text, encoding="utf-8")
    folder = tmp_path / "left" / "tables"
    folder.mkdir(parents=True)
    return folder, write_out(read_table_file(source, "fees.csv", Config(), folder), folder)


def taken(folder: Path, document: Document) -> Readout:
    return list(read_back(folder, document, 1_000_000))[-1]


def test_a_table_arrives_as_it_was_read(tmp_path: Path) -> None:
    here = tmp_path / "here"
    here.mkdir()
    source = tmp_path / "fees.csv"
    source.write_text(TABLE, encoding="utf-8")
    (wanted,) = [*read_table_file(source, "fees.csv", Config(), here)][-1].tables

    folder, document = told(tmp_path)
    assert list(folder.glob("*.parquet")) == []
    (file,) = taken(folder, document).tables
    found, same = pq.read_table(file), pq.read_table(wanted)
    assert found.equals(same)
    assert found.schema.equals(same.schema, check_metadata=True)
    assert {"int64", "string", "decimal128(6, 2)", "date32[day]", "bool"} < {
        str(one.type) for one in found.schema
    }


def test_a_long_table_arrives_row_by_row(tmp_path: Path) -> None:
    rows = "".join(f"{number},a fee of {number}\n" for number in range(5_000))
    folder, document = told(tmp_path, f"id,what\n{rows}")
    *parts, last = read_back(folder, document, 1_000_000)
    assert len(parts) == 5
    assert pq.read_table(last.tables[0]).column("id").to_pylist() == list(range(5_000))


def head(**other: object) -> Callable[[list[str]], list[str]]:
    def changed(lines: list[str]) -> list[str]:
        return [json.dumps({**json.loads(lines[0]), **other}), *lines[1:]]

    return changed


def cell(column: int, value: object) -> Callable[[list[str]], list[str]]:
    def changed(lines: list[str]) -> list[str]:
        columns = json.loads(lines[1])
        columns[column][0] = value
        return [lines[0], json.dumps(columns)]

    return changed


@pytest.mark.parametrize(
    "change",
    [
        head(rows=2),
        head(document="other.csv"),
        head(parts={"../x": ""}),
        head(types=["string"] * 6 + ["list<item: string>"]),
        head(types=["string"] * 3),
        head(types=["decimal128(99, 2)"] * 7),
        head(columns=[["a"]] * 7),
        head(surprise=1),
        cell(0, "1"),
        cell(0, 2**64),
        cell(1, 5),
        cell(1, "\ud800"),
        cell(2, "1e999999999"),
        cell(2, "9" * 38),
        cell(2, 5.5),
        cell(4, "yesterday"),
        cell(4, 20240503),
        cell(6, "true"),
        lambda lines: [],
        lambda lines: [lines[0], "[" * 100_000],
        lambda lines: [lines[0], "{}"],
        lambda lines: [lines[0], "[[1]]"],
        lambda lines: [lines[0], json.dumps([[1], *[[]] * 10])],
        lambda lines: [lines[0], "9" * 10_000],
    ],
)
def test_what_is_no_table_is_one_error(
    tmp_path: Path, change: Callable[[list[str]], list[str]]
) -> None:
    folder, document = told(tmp_path)
    file = folder / "0.lines"
    lines = change(file.read_text(encoding="utf-8").splitlines())
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    with pytest.raises(SourceError, match=r"fees\.csv: its reader gave no document"):
        taken(folder, document)


def test_a_file_of_the_worker_or_a_link_is_not_opened(tmp_path: Path) -> None:
    folder, document = told(tmp_path)
    real = (folder / "0.lines").rename(tmp_path / "elsewhere")
    (folder / "0.lines").symlink_to(real)
    (folder / "0.parquet").write_bytes(b"PAR1 hostile PAR1")
    assert taken(folder, document).tables == ()
