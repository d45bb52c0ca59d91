"""Tables and queries of a SQLite file, opened read-only and stopped after a time.

Knows SQLite. A query comes from the expert's settings; what it may do is held by SQLite's own
authorizer: it reads, and nothing else.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from decimal import Decimal
from urllib.parse import quote

from pakar.documents.tables.address import Address
from pakar.documents.tables.model import MOST_COLUMNS, RawTable, Row
from pakar.errors import SourceError

_STEPS_BETWEEN_LOOKS = 20_000
_WAIT_FOR_LOCK = 10.0
_ALLOWED = frozenset(
    [sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE]
)
_KIND = "SELECT type FROM sqlite_master WHERE name = ? AND type IN ('table', 'view')"
_TABLES = """SELECT name FROM sqlite_master WHERE type IN ('table', 'view')
AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name"""


def list_tables(address: Address, seconds: int) -> list[str]:
    """The names of its tables and views, sorted. Raises SourceError."""
    with closing(_open(address, seconds)) as database, _named(address, seconds):
        return [name for (name,) in database.execute(_TABLES)]


def read_sqlite(address: Address, sql: str, seconds: int) -> Iterator[RawTable]:
    """The one table of the address, or what the query gives."""
    with closing(_open(address, seconds)) as database, _named(address, seconds):
        keys: list[str] = []
        if not sql:
            _check_table(database, address)
            keys, sql = _select_all(database, address.table)
        _only_reading(database)
        cursor = database.execute(sql)
        names = [column[0] for column in cursor.description or ()]
        if not 0 < len(names) <= MOST_COLUMNS:
            raise SourceError(
                f"{address.document}: has {len(names):,} columns; 1 to {MOST_COLUMNS:,} are read",
                hint="Select the columns that matter by a query. See docs/tables.md.",
            )
        # A rowid that the table has no column for comes first, and only names the row.
        extra = bool(keys) and keys == ["rowid"] and not address.query
        shown = tuple(names[1:] if extra else names)
        rows = _rows(cursor, address, [names.index(key) for key in keys], names, extra)
        yield RawTable(address.table or address.query, shown, _watched(rows, address, seconds))


def _watched(rows: Iterator[Row], address: Address, seconds: int) -> Iterator[Row]:
    with _named(address, seconds):
        yield from rows


def _rows(
    cursor: sqlite3.Cursor, address: Address, at: Sequence[int], names: Sequence[str], extra: bool
) -> Iterator[Row]:
    table = address.table or address.query
    for number, values in enumerate(cursor, start=1):
        key = ",".join(f"{names[p]}={_text(values[p])}" for p in at) or f"row {number}"
        cells = values[1:] if extra else values
        yield Row(f"{table}[{key}]", [_text(cell) for cell in cells], [_typed(c) for c in cells])


def _open(address: Address, seconds: int) -> sqlite3.Connection:
    if not address.path.is_file():
        raise SourceError(
            f"{address.database}: there is no file {address.path}",
            hint="Check the path: sqlite:///FILE counts from here, sqlite:////FILE is absolute.",
        ) from FileNotFoundError(2, "No such file")
    uri = f"file:{quote(str(address.path))}?mode=ro"
    with _named(address, seconds):
        database = sqlite3.connect(uri, uri=True, timeout=_WAIT_FOR_LOCK)
    database.text_factory = lambda data: data.decode("utf-8", "replace")
    end = time.monotonic() + seconds
    database.set_progress_handler(lambda: time.monotonic() > end, _STEPS_BETWEEN_LOOKS)
    return database


def _only_reading(database: sqlite3.Connection) -> None:
    def allowed(action: int, *_: object) -> int:
        return sqlite3.SQLITE_OK if action in _ALLOWED else sqlite3.SQLITE_DENY

    database.execute("PRAGMA query_only = ON")
    database.set_authorizer(allowed)


def _check_table(database: sqlite3.Connection, address: Address) -> None:
    names = [name for (name,) in database.execute(_TABLES)]
    if address.table not in names:
        known = ", ".join(names[:20]) or "none"
        raise SourceError(
            f"{address.database}: has no table {address.table!r}", hint=f"It has: {known}."
        )


def _select_all(database: sqlite3.Connection, table: str) -> tuple[list[str], str]:
    """The key's columns, and the statement that reads the table in their order."""
    info = database.execute("SELECT name, pk FROM pragma_table_info(?)", (table,)).fetchall()
    keys = [name for name, position in sorted(info, key=lambda one: one[1]) if position]
    name = _quoted(table)
    if keys:
        return keys, f"SELECT * FROM {name} ORDER BY {', '.join(map(_quoted, keys))}"
    (kind,) = database.execute(_KIND, (table,)).fetchone()
    if kind == "view" or any(column.casefold() == "rowid" for column, _ in info):
        return [], f"SELECT * FROM {name}"
    return ["rowid"], f"SELECT rowid AS rowid, * FROM {name} ORDER BY rowid"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, bytes):
        return value.hex() if len(value) <= 32 else f"({len(value):,} bytes)"
    return str(value)


def _typed(value: object) -> object:
    if isinstance(value, int) and abs(value) >= 10**18:
        return Decimal(value)
    return value if isinstance(value, int | float) else None


class _named:  # noqa: N801  reads as a statement: with _named(address, seconds)
    """Turns what SQLite raises into one line that names the database."""

    def __init__(self, address: Address, seconds: int) -> None:
        self._address = address
        self._seconds = seconds

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if not isinstance(error, sqlite3.Error):
            return
        where = self._address.document
        if "interrupted" in str(error):
            raise SourceError(
                f"{where}: was stopped after {self._seconds} s",
                hint="Raise tables.seconds in pakar.toml, or select less by a query.",
            ) from TimeoutError("stopped")
        if "locked" in str(error):
            raise SourceError(
                f"{where}: another program holds the database locked",
                hint="Run it again when that program is done.",
            ) from TimeoutError("locked")
        if "prohibited" in str(error) or "not authorized" in str(error):
            raise SourceError(
                f"{where}: the query does more than read: {error}",
                hint="Only SELECT is run, and nothing that changes or attaches a database.",
            ) from error
        raise SourceError(
            f"{where}: {error}", hint="Check the file and the query; pakar opens it read-only."
        ) from error
