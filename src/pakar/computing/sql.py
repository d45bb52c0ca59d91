"""A typed query as SQL for DuckDB: identifiers quoted, values bound, nothing pasted in.

Knows the dialect and no data. `shown` writes the same query for a reader, with its values.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from pakar.computing.query import Condition, Query, Value
from pakar.computing.tables import DOCUMENT, END, PLACE, START

TABLE = "data"
_FUNCTIONS = {"sum": "sum", "avg": "avg", "min": "min", "max": "max"}


@dataclass(frozen=True, slots=True)
class Sql:
    """A statement with `?` where its values go, in order."""

    text: str
    values: tuple[Value, ...] = ()


def quoted(name: str) -> str:
    """An identifier that stays one, whatever it holds."""
    return '"' + name.replace('"', '""') + '"'


_SOURCE_ORDER = f"{quoted(DOCUMENT)}, {quoted(START)}"


def result_sql(query: Query, *, table: str = TABLE, source: bool = True) -> Sql:
    """The statement whose rows are the answer; `source`: equal ones in the source's order."""
    where, values = _where(query.conditions)
    rows = f"FROM {quoted(table)}{where}"
    if query.aggregate is None:
        return _rows(query, rows, values, source)
    # DuckDB would take a group's column of the same name for it.
    name = "result" if query.group.casefold() == "value" else "value"
    value = f"{_aggregated(query)} AS {name}"
    if not query.group:
        return Sql(f"SELECT {value} {rows}", values)
    group = quoted(query.group)
    present = f"{' AND' if where else ' WHERE'} {group} IS NOT NULL"
    grouped = f"SELECT {group}, {value} {rows}{present} GROUP BY {group}"
    if not query.order:
        return Sql(f"{grouped} ORDER BY {group}", values)
    direction = _direction(query)
    return Sql(
        f"SELECT * FROM ({grouped}) WHERE {name} IS NOT NULL"
        f"{_ranked(name, direction, query.limit)} ORDER BY {name} {direction}, {group}",
        values,
    )


def places_sql(query: Query, groups: tuple[Value, ...], limit: int | None) -> Sql:
    """The places of the rows that the answer rests on, in the source's order.

    `groups` are those of the answer, where not all groups are in it; without `limit` all rows.
    """
    conditions = query.conditions
    if groups:
        conditions = (*conditions, Condition(query.group, "in", groups))
    where, values = _where(conditions)
    columns = ", ".join(quoted(one) for one in (PLACE, DOCUMENT, START, END))
    if query.column:
        where += f"{' AND' if where else ' WHERE'} {quoted(query.column)} IS NOT NULL"
    ranked = _place_ranking(query)
    most = "" if limit is None else f" LIMIT {limit:d}"
    return Sql(
        f"SELECT {columns} FROM {quoted(TABLE)}{where}{ranked} ORDER BY {_SOURCE_ORDER}{most}",
        values,
    )


def empty_sql(query: Query) -> Sql:
    """How many rows pass the conditions with an empty cell in the query's column."""
    where, values = _where(query.conditions)
    where += f"{' AND' if where else ' WHERE'} {quoted(query.column)} IS NULL"
    return Sql(f"SELECT count(*) FROM {quoted(TABLE)}{where}", values)


def shown(query: Query, table: str) -> str:
    """The statement as a reader sees it: with its values, and the table's own name."""
    sql = result_sql(query, table=table, source=False)
    pieces = _split_placeholders(sql.text)
    literals = [literal(one) for one in sql.values]
    return "".join(a + b for a, b in zip(pieces, [*literals, ""], strict=True))


def literal(value: Value) -> str:
    """A value as SQL writes it."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, date):
        return f"DATE '{value.isoformat()}'"
    return "'" + value.replace("'", "''") + "'"


def _rows(query: Query, rows: str, values: tuple[Value, ...], source: bool) -> Sql:
    columns = ", ".join(quoted(one) for one in query.show)
    keys = [_SOURCE_ORDER] if source else []
    if not query.order:
        return Sql(f"SELECT {columns} {rows}{_sorted(keys)}", values)
    by, direction = quoted(query.column), _direction(query)
    present = f"{' AND' if query.conditions else ' WHERE'} {by} IS NOT NULL"
    ranked = _ranked(by, direction, query.limit)
    order = _sorted([f"{by} {direction}", *keys])
    return Sql(f"SELECT {columns} {rows}{present}{ranked}{order}", values)


def _sorted(keys: Sequence[str]) -> str:
    return f" ORDER BY {', '.join(keys)}" if keys else ""


def _ranked(by: str, direction: str, limit: int) -> str:
    if not limit:
        return ""
    return f" QUALIFY rank() OVER (ORDER BY {by} {direction}) <= {limit:d}"


def _place_ranking(query: Query) -> str:
    """Only the rows that won: the extreme ones of an unlimited minimum, the first ranks."""
    by = quoted(query.column)
    if query.aggregate is None and query.order:
        return _ranked(by, _direction(query), query.limit)
    if query.aggregate in ("min", "max"):
        over = f"PARTITION BY {quoted(query.group)} " if query.group else ""
        direction = "ASC" if query.aggregate == "min" else "DESC"
        return f" QUALIFY rank() OVER ({over}ORDER BY {by} {direction}) = 1"
    return ""


def _aggregated(query: Query) -> str:
    if query.aggregate == "count":
        return "count(*)"
    if query.aggregate == "distinct":
        return f"count(DISTINCT {quoted(query.column)})"
    return f"{_FUNCTIONS[str(query.aggregate)]}({quoted(query.column)})"


def _direction(query: Query) -> str:
    return "ASC" if query.order == "ascending" else "DESC"


def _where(conditions: tuple[Condition, ...]) -> tuple[str, tuple[Value, ...]]:
    if not conditions:
        return "", ()
    parts = [_compared(one) for one in conditions]
    values = tuple(value for one in conditions for value in one.values)
    return f" WHERE {' AND '.join(parts)}", values


def _compared(condition: Condition) -> str:
    column = quoted(condition.column)
    if isinstance(condition.values[0], date):
        column = f"CAST({column} AS DATE)"
    if condition.operator == "in":
        return f"{column} IN ({', '.join('?' for _ in condition.values)})"
    return f"{column} {condition.operator} ?"


def _split_placeholders(text: str) -> list[str]:
    """The text between its placeholders; a question mark inside an identifier is none."""
    pieces, current, inside = [], "", False
    for character in text:
        inside = inside != (character == '"')
        if character == "?" and not inside:
            pieces.append(current)
            current = ""
        else:
            current += character
    return [*pieces, current]
