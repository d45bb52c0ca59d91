"""Small tables as the index keeps them: a Parquet file with the place of every row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pakar.computing.tables import Column, Kind, Table

MakeTable = Callable[..., Table]


def store(path: Path, columns: Sequence[Column], rows: Sequence[Sequence[object]]) -> Table:
    """Rows at "Sheet1!A2:..." and on; row n stands at characters 10n to 10n + 9 of "t.csv"."""
    last = chr(ord("A") + len(columns) - 1)
    arrays = [pa.array([row[at] for row in rows]) for at in range(len(columns))]
    names = [one.name for one in columns]
    places = [f"Sheet1!A{at}:{last}{at}" for at in range(2, len(rows) + 2)]
    starts = [10 * at for at in range(len(rows))]
    table = pa.Table.from_arrays(
        [*arrays, pa.array(places, pa.string()), pa.array(["t.csv"] * len(rows), pa.string()),
         pa.array(starts, pa.int64()), pa.array([one + 9 for one in starts], pa.int64())],
        names=[*names, "_place", "_document", "_start", "_end"],
    )  # fmt: skip
    pq.write_table(table, path)
    return Table("t.csv", path.stem, path, tuple(columns), len(rows))


def kind(values: Sequence[object]) -> Kind:
    present = [one for one in values if one is not None]
    if all(isinstance(one, bool) for one in present):
        return "flag" if present else "text"
    if all(isinstance(one, int) for one in present):
        return "whole"
    if all(isinstance(one, int | float) for one in present):
        return "number"
    if all(isinstance(one, date | datetime) for one in present):
        return "date"
    return "text"


@pytest.fixture
def make_table(tmp_path: Path) -> MakeTable:
    """Makes a table of a name, a header and rows; the kinds are those of the values."""

    def make(name: str, header: Sequence[str], rows: Sequence[Sequence[object]]) -> Table:
        columns = [
            Column(title, kind([row[at] for row in rows])) for at, title in enumerate(header)
        ]
        return store(tmp_path / f"{name}.parquet", columns, rows)

    return make


@pytest.fixture
def branches(make_table: MakeTable) -> Table:
    return make_table(
        "branches",
        ["Branch", "City", "Type", "Employees", "Monthly Rent (USD)", "Opened"],
        [
            ["Central", "Jakarta", "Main", 64, 12500.0, date(1998, 3, 16)],
            ["Kebayoran", "Jakarta", "Sub", 31, 7800.5, date(2006, 9, 1)],
            ["Dago", "Bandung", "Main", 42, 6400.0, date(2001, 7, 2)],
            ["Cimahi", "Bandung", "Sub", 18, None, date(2014, 11, 17)],
            ["Darmo", "Surabaya", "Main", 51, 7200.0, date(1999, 10, 11)],
            ["Gubeng", "Surabaya", "Sub", 24, 4150.0, None],
            ["Kuta", "Denpasar", "Sub", 10, 5200.0, date(2018, 12, 3)],
        ],
    )
