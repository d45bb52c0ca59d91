"""From a source to its documents: files by their readers, tables row by row.

Knows which of the two a source is, and where the files of tables go meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from pakar.config import Config
from pakar.documents.discover import Found
from pakar.documents.mediatype import DATABASE, TABLES
from pakar.documents.read import checked, media_type_of, read_document, title_of
from pakar.documents.tables.documents import Origin, documents_of
from pakar.documents.tables.sources import Options, tables_in_database, tables_in_file
from pakar.errors import SourceError
from pakar.index.changes import file_hash
from pakar.ports import Readout


class SourceReader:
    """Reads one source after the other. `workplace` gives a new folder for files in the making."""

    def __init__(self, config: Config, workplace: Callable[[], Path]) -> None:
        self._config = config
        self._workplace = workplace

    def fingerprint(self, found: Found) -> str:
        """The hash of a file's bytes; "" for a database. Raises OSError."""
        return "" if found.address else file_hash(found.path)

    def read(self, found: Found) -> Iterator[Readout]:
        """The documents of a source, that with its own name last. Raises SourceError."""
        if found.address is not None:
            title = found.address.table or found.address.query
            tables = tables_in_database(found.address, self._options)
            origin = Origin(found.name, title, DATABASE)
        else:
            kind = media_type_of(found.path, found.name, self._config.documents)
            if kind.media_type not in TABLES:
                yield Readout(read_document(found.path, found.name, self._config.documents))
                return
            tables = tables_in_file(found.path, kind.media_type, self._options)
            digest = file_hash(found.path)
            origin = Origin(found.name, title_of(found.path), kind.media_type, digest)
        documents = documents_of(tables, origin, self._workplace())
        for readout in checked(documents, found.name):
            if not readout.document.text.strip():
                raise SourceError(f"{found.name}: holds no table", hint="Fill it, or leave it out.")
            yield readout

    @property
    def _options(self) -> Options:
        tables = self._config.tables
        return Options(tables.seconds, tables.queries, tables.hidden_sheets)
