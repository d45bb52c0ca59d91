"""Answers as they come, one line each, so that a killed comparison goes on where it was.

A line is written in one go behind the others. A line that a kill cut off is skipped when reading
and closed before the next one is written. Knows files and records, nothing of routes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

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
        self._path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            line = to_line(record)
            os.write(handle, line if self._is_closed(handle) else b"\n" + line)
            os.fsync(handle)
        finally:
            os.close(handle)

    def _read(self) -> Iterator[Record]:
        if not self._path.is_file():
            return
        with self._path.open("rb") as file:
            for line in file:
                record = from_line(line)
                if record is not None:
                    yield record

    def _is_closed(self, handle: int) -> bool:
        size = os.lseek(handle, 0, os.SEEK_END)
        if size == 0:
            return True
        os.lseek(handle, size - 1, os.SEEK_SET)
        return os.read(handle, 1) == b"\n"
