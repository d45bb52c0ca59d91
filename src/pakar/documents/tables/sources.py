"""Which reader takes which kind of table source.

Knows the kinds and imports a reader only when it is needed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pakar.documents import mediatype
from pakar.documents.tables.address import SQLITE, Address
from pakar.documents.tables.model import RawTable
from pakar.errors import SourceError


@dataclass(frozen=True, slots=True)
class Options:
    """How tables are read: `seconds` a database may take, the named queries, hidden sheets."""

    seconds: int = 600
    queries: Mapping[str, str] = field(default_factory=dict)
    hidden_sheets: bool = False


def tables_in_file(path: Path, media_type: str, options: Options) -> Iterator[RawTable]:
    """The tables of a file of one of the kinds in mediatype.TABLES."""
    if media_type in (mediatype.CSV, mediatype.TSV):
        from pakar.documents.tables.csv_file import read_csv

        return read_csv(path)
    if media_type == mediatype.JSON_LINES:
        from pakar.documents.tables.json_lines import read_json_lines

        return read_json_lines(path)
    if media_type == mediatype.PARQUET:
        from pakar.documents.tables.parquet_in import read_parquet

        return read_parquet(path)
    if media_type in (mediatype.XLS, mediatype.XLSB, mediatype.ODS):
        from pakar.documents.tables.other_sheets import read_other_sheets

        return read_other_sheets(path, hidden_sheets=options.hidden_sheets)
    from pakar.documents.tables.xlsx import read_xlsx

    return read_xlsx(path, hidden_sheets=options.hidden_sheets)


def tables_in_database(address: Address, options: Options) -> Iterator[RawTable]:
    """The table or the named query. Raises SourceError where the settings have no such query."""
    sql = ""
    if address.query:
        if address.query not in options.queries:
            raise SourceError(
                f"{address.document}: the settings have no query {address.query!r}",
                hint="Add it to pakar.toml below [tables.queries], as: NAME = 'SELECT ...'",
            )
        sql = options.queries[address.query]
    if address.kind == SQLITE:
        from pakar.documents.tables.sqlite_db import read_sqlite

        return read_sqlite(address, sql, options.seconds)
    from pakar.documents.tables.postgres_db import read_postgres

    return read_postgres(address, sql, options.seconds)


def names_of_tables(address: Address, seconds: int) -> list[str]:
    """The tables and views of a database, sorted. Raises SourceError where it cannot be opened."""
    if address.kind == SQLITE:
        from pakar.documents.tables.sqlite_db import list_tables

        return list_tables(address, seconds)
    from pakar.documents.tables.postgres_db import list_tables as list_postgres_tables

    return list_postgres_tables(address, seconds)
