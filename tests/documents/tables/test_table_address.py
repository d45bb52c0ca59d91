"""Addresses of databases: read as they are meant, and never with a password."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pakar import SourceError
from pakar.documents.tables.address import is_address, parse, without_secret

SECRET = "s3cret!"


def test_a_relative_file_counts_from_here_and_is_named_from_the_expert(tmp_path: Path) -> None:
    address = parse("sqlite:///data/bank.db#fees", tmp_path, tmp_path)

    assert address.document == "sqlite:///data/bank.db#fees"
    assert address.path == tmp_path / "data" / "bank.db"
    outside = parse("sqlite:///bank.db#fees", tmp_path / "elsewhere", tmp_path / "expert")
    assert outside.document == f"sqlite:///{tmp_path}/elsewhere/bank.db#fees"
    assert parse(outside.document, Path("/"), tmp_path / "expert") == outside


def test_a_server_is_read_with_its_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PGPORT", raising=False)
    address = parse("postgresql://ann@db.example:5433/bank#public.fees", tmp_path, tmp_path)

    assert (address.user, address.host, address.port) == ("ann", "db.example", 5433)
    assert (address.name, address.table) == ("bank", "public.fees")
    assert address.document == "postgresql://ann@db.example:5433/bank#public.fees"


@pytest.mark.parametrize(
    "source",
    [
        f"postgresql://ann:{SECRET}@db/bank#fees",
        f"postgres://ann:{SECRET}@db/bank",
        f"postgresql://ann:p#{SECRET}@db/bank#fees",
        f"postgresql://ann:p@{SECRET}@db/bank#fees",
        f"postgresql://ann:p/{SECRET}@db/bank#fees",
        f"postgresql://db/bank?password={SECRET}#fees",
        f"postgresql://db/bank?sslmode=require&Password={SECRET}",
        f"postgresql://:{SECRET}@db/bank",
    ],
)
def test_a_password_is_refused_and_never_repeated(source: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="password") as refused:
        parse(source, tmp_path, tmp_path)

    assert SECRET not in f"{refused.value} {refused.value.hint} {without_secret(source)}"
    assert "PGPASSWORD" in refused.value.hint


@pytest.mark.parametrize(
    "source",
    ["sqlite://bank.db#t", "sqlite:///", "postgresql://db", "postgresql://db/a/b#t",
     "postgresql://db/bank?sslmode=off#t", "sqlite:///b.db?query=a#t", "postgresql://d b/x"],
)  # fmt: skip
def test_a_malformed_address_is_one_clear_error(source: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError) as refused:
        parse(source, tmp_path, tmp_path)

    assert refused.value.hint


def test_files_are_no_addresses() -> None:
    assert not is_address("documents/sqlite.csv")
    assert is_address("SQLite:///a.db")


@given(table=st.text(min_size=1, max_size=30))
def test_every_table_name_survives_its_address(table: str) -> None:
    address = parse("sqlite:///bank.db", Path("/e"), Path("/e")).of_table(table)

    assert parse(address.document, Path("/e"), Path("/e")).table == table
