"""Tables and queries of a PostgreSQL database: read-only, one consistent state, streamed.

Values arrive as the server writes them as text, so that a numeric keeps its zeros. Knows
PostgreSQL's catalogue; how to log in is told by `postgres_login.py`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from pakar.documents.tables.address import Address
from pakar.documents.tables.dates import parse
from pakar.documents.tables.model import MOST_COLUMNS, RawTable, Row
from pakar.documents.tables.postgres_login import connect, reason
from pakar.errors import SourceError

if TYPE_CHECKING:
    from pg8000.native import Connection

_ROWS_AT_ONCE = 1_000
_STOPPED, _READ_ONLY, _SYNTAX = "57014", "25006", "42601"
_OWN_SCHEMA = "public"
_TABLES = """SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n
ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_%'
ORDER BY 1, 2"""
_KEYS = """SELECT a.attname FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY(i.indkey)
WHERE i.indisprimary AND n.nspname = :schema AND c.relname = :name
ORDER BY array_position(i.indkey::int2[], a.attnum)"""


def list_tables(address: Address, seconds: int) -> list[str]:
    """Tables and views, sorted; those outside the schema `public` with their schema."""
    with closing(connect(address, seconds)) as server, _named(address, seconds):
        return [
            name if schema == _OWN_SCHEMA else f"{schema}.{name}"
            for schema, name in server.run(_TABLES)
        ]


def read_postgres(address: Address, sql: str, seconds: int) -> Iterator[RawTable]:
    """The one table of the address, or what the query gives."""
    end = time.monotonic() + seconds
    with closing(connect(address, seconds)) as server, _named(address, seconds):
        _begin(server, seconds)
        keys: list[str] = []
        if not sql:
            keys, sql = _select_all(server, address)
        _plain_texts(server)
        # One statement by the extended protocol: what follows a semicolon is refused.
        server.execute_unnamed(f"DECLARE pakar NO SCROLL CURSOR FOR {sql.rstrip().rstrip(';')}")
        first = server.run(f"FETCH {_ROWS_AT_ONCE} FROM pakar")
        described = server.columns or []
        names = [str(column["name"]) for column in described]
        if not 0 < len(names) <= MOST_COLUMNS:
            raise SourceError(
                f"{address.document}: has {len(names):,} columns; 1 to {MOST_COLUMNS:,} are read",
                hint="Select the columns that matter by a query. See docs/tables.md.",
            )
        typed = [_TYPES.get(column["type_oid"]) for column in described]
        at = [names.index(key) for key in keys]
        rows = _rows(_fetched(server, first, end), address, names, at, typed)
        yield RawTable(
            address.table or address.query, tuple(names), _watched(rows, address, seconds)
        )


def _watched(rows: Iterator[Row], address: Address, seconds: int) -> Iterator[Row]:
    with _named(address, seconds):
        yield from rows


def _rows(
    rows: Iterator[Sequence[str | None]],
    address: Address,
    names: Sequence[str],
    keys: Sequence[int],
    typed: Sequence[Callable[[str], object] | None],
) -> Iterator[Row]:
    table = address.table or address.query
    booleans = [convert is _boolean for convert in typed]
    for number, cells in enumerate(rows, start=1):
        key = ",".join(f"{names[p]}={cells[p]}" for p in keys) or f"row {number}"
        values = [
            convert(cell) if convert and cell is not None else None
            for convert, cell in zip(typed, cells, strict=True)
        ]
        texts = [
            str(value).lower() if is_boolean and value is not None else cell or ""
            for cell, value, is_boolean in zip(cells, values, booleans, strict=True)
        ]
        yield Row(f"{table}[{key}]", texts, values)


def _fetched(
    server: Connection, first: Sequence[Sequence[str | None]], end: float
) -> Iterator[Sequence[str | None]]:
    rows = first
    while rows:
        if time.monotonic() > end:
            raise TimeoutError
        yield from rows
        rows = server.run(f"FETCH {_ROWS_AT_ONCE} FROM pakar")


def _begin(server: Connection, seconds: int) -> None:
    server.run(f"SET statement_timeout = {seconds * 1000}")
    server.run("SET default_transaction_read_only = on")
    server.run("SET timezone = 'UTC'")
    server.run("SET datestyle = 'ISO, YMD'")
    server.run("SET intervalstyle = 'iso_8601'")
    server.run("SET synchronize_seqscans = off")
    server.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")


def _plain_texts(server: Connection) -> None:
    from pg8000.converters import PG_TYPES

    for oid in PG_TYPES:
        server.register_in_adapter(oid, str)


def _select_all(server: Connection, address: Address) -> tuple[list[str], str]:
    """The key's columns, and the statement that reads the table in their order."""
    found = [(str(schema), str(name)) for schema, name in server.run(_TABLES)]
    schema, dot, name = address.table.partition(".")
    wanted = (schema, name) if dot else (_OWN_SCHEMA, address.table)
    if wanted not in found and (_OWN_SCHEMA, address.table) in found:
        wanted = (_OWN_SCHEMA, address.table)
    if wanted not in found:
        known = [one if where == _OWN_SCHEMA else f"{where}.{one}" for where, one in found]
        raise SourceError(
            f"{address.database}: has no table {address.table!r} that this user sees",
            hint=f"It has: {', '.join(known[:20]) or 'none'}.",
        )
    keys = [str(key) for (key,) in server.run(_KEYS, schema=wanted[0], name=wanted[1])]
    table = f"{_quoted(wanted[0])}.{_quoted(wanted[1])}"
    order = f" ORDER BY {', '.join(map(_quoted, keys))}" if keys else ""
    return keys, f"SELECT * FROM {table}{order}"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _boolean(text: str) -> object:
    return text == "t"


def _number(text: str) -> object:
    return Decimal(text) if text[-1:].isdigit() else None  # NaN and Infinity stay texts


def _float(text: str) -> object:
    return float(text) if text[-1:].isdigit() else None


def _whole(text: str) -> object:
    number = int(text)
    return number if abs(number) < 10**18 else Decimal(number)


def _date(text: str) -> object:
    try:
        return date.fromisoformat(text)
    except ValueError:  # infinity, before Christ, after 9999
        return None


def _time(text: str) -> object:
    found = parse(text, "timed")
    return found if isinstance(found, datetime) else None


_TYPES: dict[int, Callable[[str], object]] = {
    16: _boolean, 20: _whole, 21: _whole, 23: _whole, 26: _whole, 1700: _number,
    700: _float, 701: _float, 1082: _date, 1114: _time, 1184: _time,
}  # fmt: skip


class _named:  # noqa: N801  reads as a statement: with _named(address, seconds)
    """Turns what the driver raises into one line that names the table, and no secret."""

    def __init__(self, address: Address, seconds: int) -> None:
        self._address = address
        self._seconds = seconds

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        from pg8000.exceptions import Error

        where = self._address.document
        if isinstance(error, Error):
            code = error.args[0].get("C", "") if isinstance(error.args[0], dict) else ""
            if code == _STOPPED:
                raise self._too_slow() from TimeoutError("stopped")
            if code in (_READ_ONLY, _SYNTAX):
                hint = "Only one SELECT is run, in a transaction that cannot write."
                raise SourceError(f"{where}: {reason(error)}", hint=hint) from None
            raise SourceError(
                f"{where}: {reason(error)}", hint="Check the query and this user's rights."
            ) from None
        if isinstance(error, TimeoutError):
            raise self._too_slow() from error
        if isinstance(error, OSError):
            raise SourceError(
                f"{where}: the connection broke: {error.strerror or error}",
                hint="Run it again; what was indexed stays.",
            ) from error

    def _too_slow(self) -> SourceError:
        return SourceError(
            f"{self._address.document}: was stopped after {self._seconds} s",
            hint="Raise tables.seconds in pakar.toml, or select less by a query.",
        )
