"""A typed query gives what plain Python gives over the same rows, whatever names and cells hold."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest
from computing_tables import store
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pakar.computing.query import Condition, InvalidQueryError, Query, check
from pakar.computing.sandbox import Sandbox
from pakar.computing.sql import Sql, places_sql, result_sql, shown
from pakar.computing.tables import Column, Table

Rows = list[tuple[object, ...]]
HOSTILE = [
    'a"b', "x'y", "'; DROP TABLE data; --", '"; SELECT 1; --', "two\nlines", "?", "$1", "100%",
    "日本", "value", "count(*)", "", " ", "\\", "/* */", "NULL",
]  # fmt: skip
texts = st.one_of(
    st.sampled_from(HOSTILE), st.text(max_size=6).filter(lambda one: "\x00" not in one)
)
titles = st.sampled_from([one for one in HOSTILE if one.strip()])
names = st.lists(
    st.one_of(titles, st.text("abc ?'\"", min_size=1)),
    min_size=3,
    max_size=3,
    unique_by=str.casefold,
)
whole = st.integers(-1000, 1000)
days = st.dates(date(2019, 1, 1), date(2021, 12, 31))
rows = st.lists(
    st.tuples(st.none() | texts, st.none() | whole, st.none() | days), min_size=1, max_size=12
)


@st.composite
def asked(draw: st.DrawFn) -> tuple[list[Column], list[tuple[object, ...]], Query]:
    text, number, day = draw(names)
    columns = [Column(text, "text"), Column(number, "whole"), Column(day, "date")]
    found = draw(rows)
    operators = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])
    conditions = draw(
        st.lists(
            st.one_of(
                st.builds(lambda one: Condition(text, "=", (one,)), texts),
                st.builds(lambda one: Condition(text, "!=", (one,)), texts),
                st.builds(
                    lambda some: Condition(text, "in", tuple(some)),
                    st.lists(texts, min_size=1, max_size=3),
                ),
                st.builds(lambda sign, one: Condition(number, sign, (one,)), operators, whole),
                st.builds(lambda sign, one: Condition(day, sign, (one,)), operators, days),
            ),
            max_size=2,
        )
    )
    where = tuple(conditions)
    limit = draw(st.integers(1, 4))
    order = draw(st.sampled_from(["ascending", "descending"]))
    query = draw(
        st.sampled_from(
            [
                Query("count", conditions=where),
                Query("distinct", text, where),
                Query("sum", number, where),
                Query("avg", number, where),
                Query("min", number, where),
                Query("max", day, where),
                Query("count", "", where, text),
                Query("sum", number, where, text),
                Query("sum", number, where, text, (), order, limit),
                Query("count", "", where, text, (), order, limit),
                Query(conditions=where, show=(text, number)),
                Query(None, number, where, "", (text, number), order, limit),
                Query(None, day, where, "", (text, day), order, limit),
            ]
        )
    )
    return columns, found, query


@given(asked())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_result_is_the_one_of_plain_python(
    case: tuple[list[Column], list[tuple[object, ...]], Query],
) -> None:
    columns, data, query = case
    with tempfile.TemporaryDirectory() as folder:
        table = store(Path(folder) / "t.parquet", columns, data)
        check(query, table)
        with Sandbox(table.path) as box:
            given_rows = box.rows(result_sql(query))
            places = box.rows(places_sql(query, (), None))
    expected = evaluated(query, table, data)
    if query.order:
        # Equal ranks may stand in any order; the order of the values is checked on its own.
        at = -1 if query.aggregate else query.show.index(query.column)
        values = [row[at] for row in given_rows]
        assert values == sorted(values, reverse=query.order == "descending")
    assert sorted(map(repr, given_rows)) == sorted(map(repr, expected))
    assert len(places) <= len(data)


@pytest.mark.parametrize("name", ["value", "Value", "result"])
def test_groups_in_a_column_called_value_are_ranked_by_what_was_computed(
    name: str, tmp_path: Path
) -> None:
    columns = [Column(name, "text"), Column("amount", "whole"), Column("day", "date")]
    data = [("a", 9, None), ("b", 5, None), ("c", 3, None), ("c", 4, None)]
    table = store(tmp_path / "t.parquet", columns, data)
    query = Query("sum", "amount", (), name, (), "descending", 2)
    with Sandbox(table.path) as box:
        assert box.rows(result_sql(query)) == [("a", 9), ("c", 7)]


def evaluated(
    query: Query, table: Table, data: Sequence[tuple[object, ...]]
) -> list[tuple[object, ...]]:
    """The query over the rows, without SQL."""
    at = {one.name: place for place, one in enumerate(table.columns)}
    passing = [row for row in data if all(passes(row[at[c.column]], c) for c in query.conditions)]
    if query.aggregate is None:
        if query.order:
            passing = first(passing, [row[at[query.column]] for row in passing], query)
        return [tuple(row[at[name]] for name in query.show) for row in passing]
    if not query.group:
        return [(aggregated(query, [cell(row, query, at) for row in passing]),)]
    groups: dict[object, list[object]] = {}
    for row in passing:
        if row[at[query.group]] is not None:
            groups.setdefault(row[at[query.group]], []).append(cell(row, query, at))
    found = [(name, aggregated(query, cells)) for name, cells in groups.items()]
    return first(found, [row[1] for row in found], query) if query.order else found


def cell(row: tuple[object, ...], query: Query, at: dict[str, int]) -> object:
    return row[at[query.column]] if query.column else 1


def passes(value: object, condition: Condition) -> bool:
    if value is None:
        return False
    other = condition.values[0]
    results = {
        "=": value == other, "!=": value != other, "in": value in condition.values,
    }  # fmt: skip
    if condition.operator in results:
        return results[condition.operator]
    return {
        "<": value < other, "<=": value <= other, ">": value > other, ">=": value >= other,  # type: ignore[operator]
    }[condition.operator]  # fmt: skip


def aggregated(query: Query, cells: Sequence[object]) -> object:
    present = [one for one in cells if one is not None]
    if query.aggregate == "count":
        return len(cells)
    if query.aggregate == "distinct":
        return len(set(present))
    if not present:
        return None
    if query.aggregate == "avg":
        return sum(present) / len(present)  # type: ignore[arg-type]
    return {"sum": sum, "min": min, "max": max}[str(query.aggregate)](present)  # type: ignore[operator]


def first(
    found: Sequence[tuple[object, ...]], values: Sequence[object], query: Query
) -> list[tuple[object, ...]]:
    """The rows of the first ranks; equal values share a rank."""
    pairs = [(value, row) for value, row in zip(values, found, strict=True) if value is not None]

    def rank(value: object) -> int:
        better = [v > value if query.order == "descending" else v < value for v, _ in pairs]  # type: ignore[operator]
        return sum(better) + 1

    return [row for value, row in pairs if rank(value) <= query.limit]


@given(st.lists(texts, min_size=1, max_size=8), texts)
@settings(max_examples=20, deadline=None)
def test_what_is_shown_means_the_same_as_what_is_run(cells: list[str], wanted: str) -> None:
    """The statement for the reader has its values in it; it runs, and gives the same."""
    columns = [Column('n"a?me', "text")]
    with tempfile.TemporaryDirectory() as folder:
        table = store(Path(folder) / "t.parquet", columns, [(one,) for one in cells])
        query = Query("count", conditions=(Condition('n"a?me', "=", (wanted,)),))
        with Sandbox(table.path) as box:
            assert box.rows(Sql(shown(query, "data"))) == [(cells.count(wanted),)]


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        (Query("sum", "City"), "sum of 'City'"),
        (Query("sum", "Salary"), "no column 'Salary'"),
        (Query("sum", '"; DROP TABLE data'), "no column"),
        (Query("count", "", (Condition("City", "<", ("x",)),)), "no order"),
        (Query("count", "", (Condition("Employees", "=", ("5",)),)), "holds whole"),
        (Query("count", "", (Condition("City", "=", ()),)), "0 values"),
        (Query(show=()), "columns are shown"),
        (Query(show=("City",), limit=3), "needs an order"),
        (Query("count", limit=10**9), "limit"),
        (Query("median", "Employees"), "unknown aggregate"),  # type: ignore[arg-type]
        (Query("count", "", (Condition("City", "like", ("x",)),)), "unknown comparison"),  # type: ignore[arg-type]
    ],
)
def test_a_query_that_does_not_fit_is_refused(query: Query, reason: str, branches: Table) -> None:
    with pytest.raises(InvalidQueryError, match=reason):
        check(query, branches)
