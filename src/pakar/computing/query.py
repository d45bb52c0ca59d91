"""The typed query: what is asked of one table, with nothing that could not be checked.

A question becomes such an object, by rules or by a model; only what `check` accepts is run. Knows
the columns' names and kinds, and no SQL.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal, get_args

from pakar.computing.tables import Column, Table

Value = str | int | float | date | bool
Operator = Literal["=", "!=", "<", "<=", ">", ">=", "in"]
Aggregate = Literal["count", "distinct", "sum", "avg", "min", "max"]
Direction = Literal["ascending", "descending"]
MOST_SHOWN = 6
MOST_ROWS = 1000
_ORDERED = ("<", "<=", ">", ">=")


class InvalidQueryError(ValueError):
    """The query does not fit its table; says why in one line."""


@dataclass(frozen=True, slots=True)
class Condition:
    """Rows pass where the column compares so to the value; empty cells never pass.

    "in" has several values, every other operator has one. Dates are compared as days.
    """

    column: str
    operator: Operator
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Query:
    """One question to one table, in one of three forms.

    - with `aggregate` and no `group`: one value over all rows that pass
    - with both: one value a group, in the order of the values where `order` is given
    - with neither: the columns `show` of the rows that pass, in the order of `column`

    `column` is what is aggregated or ordered by; "" for counting rows. With `limit` the first so
    many ranks are kept, and all that share a rank; 0 keeps everything.
    """

    aggregate: Aggregate | None = None
    column: str = ""
    conditions: tuple[Condition, ...] = ()
    group: str = ""
    show: tuple[str, ...] = ()
    order: Direction | None = None
    limit: int = 0


def check(query: Query, table: Table) -> None:
    """Raises InvalidQueryError where the query is no sensible one for the table."""
    columns = {one.name: one for one in table.columns}
    for condition in query.conditions:
        _check_condition(condition, columns)
    if query.aggregate is None:
        _check_rows(query, columns)
    else:
        _check_aggregate(query, columns)
    if query.order is not None and query.order not in get_args(Direction):
        raise InvalidQueryError(f"unknown order {query.order!r}")
    if not 0 <= query.limit <= MOST_ROWS:
        raise InvalidQueryError(f"limit {query.limit} is not between 0 and {MOST_ROWS}")
    if query.limit and not query.order:
        raise InvalidQueryError("a limit needs an order")


def _check_rows(query: Query, columns: Mapping[str, Column]) -> None:
    if not query.show or len(query.show) > MOST_SHOWN:
        raise InvalidQueryError(f"between 1 and {MOST_SHOWN} columns are shown")
    for name in query.show:
        _known(name, columns)
    if query.group:
        raise InvalidQueryError("groups need an aggregate")
    if bool(query.order) != bool(query.column):
        raise InvalidQueryError("rows are ordered by a column")
    if query.column and _known(query.column, columns).kind not in ("number", "whole", "date"):
        raise InvalidQueryError(f"{query.column!r} has no order")


def _check_aggregate(query: Query, columns: Mapping[str, Column]) -> None:
    if query.aggregate not in get_args(Aggregate):
        raise InvalidQueryError(f"unknown aggregate {query.aggregate!r}")
    if query.show:
        raise InvalidQueryError("an aggregate shows no columns")
    if query.group:
        _known(query.group, columns)
    elif query.order:
        raise InvalidQueryError("one value has no order")
    if query.aggregate == "count":
        if query.column:
            raise InvalidQueryError("rows are counted without a column")
        return
    kind = _known(query.column, columns).kind
    ordered = kind in ("number", "whole") or (kind == "date" and query.aggregate in ("min", "max"))
    if query.aggregate != "distinct" and not ordered:
        raise InvalidQueryError(f"{query.aggregate} of {query.column!r}, which holds {kind}")


def _check_condition(condition: Condition, columns: Mapping[str, Column]) -> None:
    kind = _known(condition.column, columns).kind
    if condition.operator not in get_args(Operator):
        raise InvalidQueryError(f"unknown comparison {condition.operator!r}")
    if not condition.values or (len(condition.values) > 1 and condition.operator != "in"):
        raise InvalidQueryError(f"{condition.operator} with {len(condition.values)} values")
    if condition.operator in _ORDERED and kind not in ("number", "whole", "date"):
        raise InvalidQueryError(f"{condition.column!r} has no order")
    for value in condition.values:
        if not _fits(value, kind):
            raise InvalidQueryError(f"{condition.column!r} holds {kind}, not {value!r}")


def _fits(value: Value, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "flag"
    if isinstance(value, int | float):
        return kind in ("number", "whole")
    if isinstance(value, date):
        return kind == "date"
    return kind == "text"


def _known(name: str, columns: Mapping[str, Column]) -> Column:
    if name not in columns:
        raise InvalidQueryError(f"no column {name!r}")
    return columns[name]
