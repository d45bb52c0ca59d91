"""Answers as they come, one line each, so that a killed comparison goes on where it was.

A line is written in one go behind the others. A line that a kill cut off is skipped when reading
and closed before the next one is written. Knows files and records, nothing of routes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pakar.atomic_file import append_line
from pakar.evaluation.record import Record, from_line, to_line


class Journal:
    """The answers in one file, the newest of a key in force. Failures are not kept as answers."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._records: dict[tuple[str, str], Record] = {}
        for record in self._read():
            if record.answer is not None:
                self._records[record.key] = record

    def get(self, fingerprint: str, asked: str) -> Record | None:
        return self._records.get((fingerprint, asked))

    def add(self, record: Record) -> None:
        """Keeps a record; it is on the disk when this returns."""
        if record.answer is not None:
            self._records[record.key] = record
        append_line(self._path, to_line(record).rstrip(b"\n"))

    def _read(self) -> Iterator[Record]:
        if not self._path.is_file():
            return
        with self._path.open("rb") as file:
            for line in file:
                record = from_line(line)
                if record is not None:
                    yield record
