"""Runs SQL over one Parquet file and nothing else, within limits.

DuckDB in memory: only this file can be read, nothing can be written, no extension and no network;
one thread, bounded memory, and an interrupt after a time. Knows no questions and no queries.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from pakar.computing.sql import TABLE, Sql, literal, quoted

if TYPE_CHECKING:
    import duckdb

Cell = object


class QueryStoppedError(Exception):
    """The query was not finished: it ran out of a limit, or its file cannot be read."""


@dataclass(frozen=True, slots=True)
class Limits:
    """`seconds` for each statement, `memory_mb` in 10^6 bytes, `rows` of a result."""

    seconds: float = 5.0
    memory_mb: int = 512
    rows: int = 1000


class Sandbox:
    """Used as `with Sandbox(path) as box:`; `box.rows(sql)` runs one statement."""

    def __init__(self, path: Path, limits: Limits | None = None) -> None:
        self._path = path
        self._limits = limits or Limits()
        self._connection: duckdb.DuckDBPyConnection | None = None

    def __enter__(self) -> Sandbox:
        import duckdb

        connection = duckdb.connect(":memory:", config=_settings(self._limits))
        file = literal(str(self._path))
        try:
            connection.execute(f"CREATE VIEW {quoted(TABLE)} AS SELECT * FROM read_parquet({file})")
            connection.execute(f"SET allowed_paths = [{file}]")
            connection.execute("SET enable_external_access = false")
            connection.execute("SET lock_configuration = true")
        except duckdb.Error as error:
            connection.close()
            raise _stopped(error) from error
        self._connection = connection
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def rows(self, sql: Sql) -> list[tuple[Cell, ...]]:
        """The result; raises QueryStoppedError where a limit ends it or there are more rows."""
        import duckdb

        if self._connection is None:
            raise QueryStoppedError("the sandbox is closed")
        # The timer starts with the statement: a late interrupt would hit the next one.
        timer = threading.Timer(self._limits.seconds, self._connection.interrupt)
        timer.start()
        try:
            found = self._connection.execute(sql.text, list(sql.values))
            rows = found.fetchmany(self._limits.rows + 1)
        except duckdb.Error as error:
            raise _stopped(error) from error
        finally:
            timer.cancel()
        if len(rows) > self._limits.rows:
            raise QueryStoppedError(f"more than {self._limits.rows} rows")
        return list(rows)


def _settings(limits: Limits) -> dict[str, str | bool | int | float | list[str]]:
    return {
        "threads": 1,
        "memory_limit": f"{limits.memory_mb}MB",
        "temp_directory": "",
        "max_temp_directory_size": "0KB",
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "allow_community_extensions": False,
        "allow_unsigned_extensions": False,
        "python_enable_replacements": False,
    }


def _stopped(error: Exception) -> QueryStoppedError:
    first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return QueryStoppedError(first[:200])
