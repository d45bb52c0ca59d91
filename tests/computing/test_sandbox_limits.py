"""What a query over a table can reach and how long it may take."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from pakar.computing.sandbox import Limits, QueryStoppedError, Sandbox
from pakar.computing.sql import Sql
from pakar.computing.tables import Table


def test_the_table_is_there(branches: Table) -> None:
    with Sandbox(branches.path) as box:
        assert box.rows(Sql('SELECT count(*) FROM "data"')) == [(7,)]


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM read_csv('{other}')",
        "SELECT * FROM read_text('{other}')",
        "SELECT * FROM glob('{folder}/*')",
        "COPY data TO '{folder}/out.csv'",
        "COPY data TO '{table}'",
        "ATTACH '{folder}/new.db'",
        "EXPORT DATABASE '{folder}/out'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "SET threads = 8",
        "SET memory_limit = '8GB'",
        "SET lock_configuration = false",
        "SELECT * FROM 'https://example.com/x.parquet'",
        "SELECT * FROM other",
    ],
)
def test_nothing_else_can_be_reached(statement: str, branches: Table, tmp_path: Path) -> None:
    other = tmp_path / "secret.csv"
    other.write_text("a,b\n1,2\n")
    before = {one: one.stat().st_mtime_ns for one in tmp_path.iterdir()}
    text = statement.format(other=other, folder=tmp_path, table=branches.path)
    with Sandbox(branches.path) as box, pytest.raises(QueryStoppedError):
        box.rows(Sql(text))
    assert {one: one.stat().st_mtime_ns for one in tmp_path.iterdir()} == before


def test_a_long_query_is_interrupted_and_the_next_one_runs(branches: Table) -> None:
    started = time.monotonic()
    with Sandbox(branches.path, Limits(seconds=0.3)) as box:
        with pytest.raises(QueryStoppedError, match="INTERRUPT"):
            box.rows(Sql("SELECT count(*) FROM range(1000000000000)"))
        assert time.monotonic() - started < 10
        assert box.rows(Sql("SELECT 1")) == [(1,)]


def test_a_result_with_too_many_rows_is_none(branches: Table) -> None:
    with Sandbox(branches.path, Limits(rows=5)) as box:
        with pytest.raises(QueryStoppedError, match="more than 5 rows"):
            box.rows(Sql('SELECT * FROM "data"'))


def test_memory_is_bounded(branches: Table) -> None:
    with Sandbox(branches.path, Limits(seconds=30, memory_mb=40)) as box:
        with pytest.raises(QueryStoppedError, match="Memory"):
            box.rows(Sql("SELECT list(range) FROM range(100000000)"))


@pytest.mark.parametrize("name", ["it's", "a[b]c", "star*", "what?", 'quo"te', "brace{1,2}"])
def test_a_path_is_no_pattern(name: str, branches: Table, tmp_path: Path) -> None:
    folder = tmp_path / name
    folder.mkdir()
    path = branches.path.rename(folder / "t.parquet")
    with Sandbox(path) as box:
        assert box.rows(Sql('SELECT count(*) FROM "data"')) == [(7,)]


def test_a_damaged_file_is_one_error(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    path.write_bytes(b"PAR1 no table at all")
    with pytest.raises(QueryStoppedError), Sandbox(path):
        pass
