"""One table source to its documents: a file of a kind of tables, or a database.

Knows the order of the steps; the readers know the formats.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pakar.config import Config
from pakar.documents.mediatype import DATABASE, TABLES
from pakar.documents.read import checked, content_hash, media_type_of, title_of
from pakar.documents.tables.address import Address
from pakar.documents.tables.documents import Origin, documents_of
from pakar.documents.tables.model import RawTable
from pakar.documents.tables.sources import Options, tables_in_database, tables_in_file
from pakar.errors import SourceError
from pakar.ports import Readout


def holds_tables(path: Path, name: str, config: Config) -> bool:
    """Whether a file is of a kind that is read row by row. Raises SourceError."""
    return media_type_of(path, name, config.documents).media_type in TABLES


def read_table_file(path: Path, name: str, config: Config, folder: Path) -> Iterator[Readout]:
    """The documents of a file of tables; their table files are made in `folder`.

    Raises SourceError where it is too large, damaged, or holds no table.
    """
    kind = media_type_of(path, name, config.documents)
    digest = content_hash(path)
    origin = Origin(name, title_of(path), kind.media_type, digest, kind.warning)
    tables = tables_in_file(path, kind.media_type, _options(config))
    return _read(tables, origin, folder)


def read_database(address: Address, config: Config, folder: Path) -> Iterator[Readout]:
    """The documents of a table or a named query. Raises SourceError."""
    origin = Origin(address.document, address.table or address.query, DATABASE)
    return _read(tables_in_database(address, _options(config)), origin, folder)


def _read(tables: Iterator[RawTable], origin: Origin, folder: Path) -> Iterator[Readout]:
    for readout in checked(documents_of(tables, origin, folder), origin.name):
        if not readout.document.text.strip():
            raise SourceError(f"{origin.name}: holds no table", hint="Fill it, or leave it out.")
        yield readout


def _options(config: Config) -> Options:
    return Options(config.tables.seconds, config.tables.queries, config.tables.hidden_sheets)
