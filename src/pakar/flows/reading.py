"""Reads an expert's sources for the index: files in processes of their own, databases here.

Knows where the workers may write; the pool knows the rest. A database is not read by a worker, as
those have no network; what it says is data all the same.
"""

from __future__ import annotations

import shutil
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path

from pakar.config import Config
from pakar.documents.discover import Found
from pakar.documents.tables.reading import read_database
from pakar.documents.unpack import content_hash
from pakar.documents.workers.attachments import OpenedMail
from pakar.documents.workers.pool import ReadingPool, Result
from pakar.documents.workers.spool import read_back
from pakar.errors import SourceError
from pakar.ports import Readout

Readings = Generator[tuple[Found, Readout | SourceError], None, None]


class SourceReader:
    """Reads many sources at once. The caller holds the lock of the index meanwhile."""

    def __init__(self, config: Config, derived: Path) -> None:
        self._config = config
        self._folder = derived / "reading"
        self._pool: ReadingPool | None = None

    def read(self, sources: Iterable[Found]) -> Readings:
        """What each source holds: files in order, then databases."""
        shutil.rmtree(self._folder, ignore_errors=True)  # of a run that was killed
        databases: list[Found] = []
        try:
            with ReadingPool(self._config, self._folder) as self._pool:
                for result in self._pool.read(_files(sources, databases)):
                    for outcome in _outcomes(result, self._config):
                        yield result.source, outcome
                    if result.folder is not None:
                        shutil.rmtree(result.folder.parent, ignore_errors=True)
            for number, found in enumerate(databases):
                folder = self._folder / f"database-{number}"
                for outcome in _rows_of(found, self._config, folder):
                    yield found, outcome
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)

    def open_mail(self, found: Found) -> OpenedMail | None:
        """A mail's attachments, while `read` draws its sources; None where it cannot be read."""
        if self._pool is None:
            raise RuntimeError("nothing is being read")
        return self._pool.open(found)


def fingerprint(found: Found) -> str:
    """The hash of a file's bytes; "" for a database. Raises OSError."""
    return content_hash(found) if found.address is None else ""


def _files(sources: Iterable[Found], databases: list[Found]) -> Iterator[Found]:
    for found in sources:
        if found.address is None:
            yield found
        else:
            databases.append(found)


def _outcomes(result: Result[Found], config: Config) -> Iterator[Readout | SourceError]:
    outcome = result.outcome
    if isinstance(outcome, SourceError):
        yield outcome
    elif result.folder is None:
        yield Readout(outcome)
    else:
        limit = config.documents.max_characters
        yield from _with_error(read_back(result.folder, outcome, limit))


def _rows_of(found: Found, config: Config, folder: Path) -> Iterator[Readout | SourceError]:
    if found.address is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    yield from _with_error(read_database(found.address, config, folder))


def _with_error(readouts: Iterator[Readout]) -> Iterator[Readout | SourceError]:
    """The readouts; an error that ends them comes in the next one's place."""
    try:
        yield from readouts
    except SourceError as error:
        yield error
