"""JSON Lines, Parquet and SQLite: rows with their place, types as the source has them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from table_reading import read, write

from pakar import SourceError
from pakar.config import Config


def test_json_lines_keep_numbers_as_written_and_flatten_objects(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "t.jsonl",
        '{"name": "Ann", "fee": 1.10, "at": {"city": "Bern", "zip": "03000"}}\n\n'
        '{"name": "Bob", "fee": 12, "tags": ["new", "gold"], "open": true}\n',
    )

    reading = read(path)

    assert reading.lines() == [
        ("line 1", "name: Ann | fee: 1.10 | at.city: Bern | at.zip: 03000"),
        ("line 3", "name: Bob | fee: 12 | tags: new, gold | open: true"),
    ]
    assert [row["fee"] for row in reading.rows()] == [Decimal("1.10"), Decimal("12.00")]
    assert reading.rows()[1]["open"] is True
    assert reading.rows()[0]["at.zip"] == "03000"


def test_a_line_that_is_no_json_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="line 2 is no JSON"):
        read(write(tmp_path, "t.jsonl", '{"a": 1}\n{"a": \n'))


def test_a_json_line_nested_without_end_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError):
        read(write(tmp_path, "t.jsonl", '{"a": ' + "[" * 200_000 + "\n"))


def test_parquet_keeps_types_and_exact_texts(tmp_path: Path) -> None:
    table = pa.table(
        {
            "name": ["Ann", None],
            "fee": pa.array([Decimal("1.10"), Decimal("12.00")], pa.decimal128(6, 2)),
            "since": [date(2024, 1, 31), None],
            "seen": pa.array([datetime(2024, 1, 2, 3, 4, 5), None], pa.timestamp("ns")),
            "share": [0.1, 2.0],
        }
    )
    pq.write_table(table, tmp_path / "t.parquet")

    reading = read(tmp_path / "t.parquet")

    assert reading.lines() == [
        (
            "row 1",
            "name: Ann | fee: 1.10 | since: 2024-01-31 | seen: 2024-01-02 03:04:05 | share: 0.1",
        ),
        ("row 2", "fee: 12.00 | share: 2"),
    ]
    assert reading.types() == {
        "name": "string",
        "fee": "decimal128(4, 2)",
        "since": "date32[day]",
        "seen": "timestamp[us]",
        "share": "double",
    }


def test_damaged_parquet_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.parquet").write_bytes(b"PAR1" + b"\x00" * 100)

    with pytest.raises(SourceError):
        read(tmp_path / "t.parquet")


@pytest.fixture
def bank(tmp_path: Path) -> Path:
    with closing(sqlite3.connect(tmp_path / "bank.db")) as database:
        database.executescript(
            """CREATE TABLE accounts
            (number TEXT PRIMARY KEY, owner TEXT, balance NUMERIC, open TEXT);
            INSERT INTO accounts VALUES
            ('0012', 'Ann', 12.5, '2024-01-31'), ('0007', 'Bob', 3, NULL);
            CREATE TABLE "odd #table?" (a INTEGER, b TEXT);
            INSERT INTO "odd #table?" VALUES (1, 'one'), (2, 'two');
            CREATE VIEW rich AS SELECT owner FROM accounts WHERE balance > 10;"""
        )
    return tmp_path


def test_a_row_of_sqlite_names_its_table_and_primary_key(bank: Path) -> None:
    reading = read("sqlite:///bank.db#accounts", here=bank)

    assert reading.document.name == "sqlite:///bank.db#accounts"
    assert reading.lines() == [
        ("accounts[number=0007]", "number: 0007 | owner: Bob | balance: 3"),
        ("accounts[number=0012]", "number: 0012 | owner: Ann | balance: 12.5 | open: 2024-01-31"),
    ]
    assert reading.rows()[1]["open"] == date(2024, 1, 31)


def test_a_table_without_a_key_names_its_rowid(bank: Path) -> None:
    reading = read("sqlite:///bank.db#odd %23table%3F", here=bank)

    assert reading.lines() == [
        ("odd #table?[rowid=1]", "a: 1 | b: one"),
        ("odd #table?[rowid=2]", "a: 2 | b: two"),
    ]


def test_views_and_named_queries_are_read(bank: Path) -> None:
    config = Config.model_validate({"tables": {"queries": {"names": "SELECT owner FROM accounts"}}})

    assert read("sqlite:///bank.db#rich", here=bank).lines() == [("rich[row 1]", "owner: Ann")]
    reading = read("sqlite:///bank.db?query=names", here=bank, config=config)
    assert [place for place, _ in reading.lines()] == ["names[row 1]", "names[row 2]"]


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM accounts",
        "UPDATE accounts SET owner = 'x'",
        "ATTACH DATABASE 'other.db' AS other",
        "PRAGMA query_only = OFF",
        "SELECT 1; DROP TABLE accounts",
        "CREATE TEMP TABLE t AS SELECT 1",
        "SELECT load_extension('x')",
    ],
)
def test_a_query_only_reads(bank: Path, sql: str) -> None:
    config = Config.model_validate({"tables": {"queries": {"q": sql}}})
    before = (bank / "bank.db").read_bytes()

    with pytest.raises(SourceError, match=r"bank\.db\?query=q"):
        read("sqlite:///bank.db?query=q", here=bank, config=config)

    assert (bank / "bank.db").read_bytes() == before
    assert sorted(path.name for path in bank.iterdir()) == ["bank.db"]


def test_a_query_without_end_is_stopped(bank: Path) -> None:
    endless = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    )
    config = Config.model_validate({"tables": {"queries": {"q": endless}, "seconds": 1}})

    with pytest.raises(SourceError, match="was stopped after 1 s"):
        read("sqlite:///bank.db?query=q", here=bank, config=config)


def test_what_is_missing_is_named_with_what_there_is(bank: Path) -> None:
    with pytest.raises(SourceError, match="no table 'acounts'") as table:
        read("sqlite:///bank.db#acounts", here=bank)
    assert "accounts" in table.value.hint
    with pytest.raises(SourceError, match="no file"):
        read("sqlite:///other.db#accounts", here=bank)
    assert not (bank / "other.db").exists()
    with pytest.raises(SourceError, match="no query 'late'"):
        read("sqlite:///bank.db?query=late", here=bank)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_bytes(b"not a database at all" * 50)

    with pytest.raises(SourceError, match="not a database"):
        read("sqlite:///x.db#t", here=tmp_path)
