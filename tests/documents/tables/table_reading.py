"""Reads a source into documents as `pakar add` does, without an index."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from pakar.config import Config
from pakar.documents.tables.address import parse
from pakar.documents.tables.reading import read_database, read_table_file
from pakar.ports import Readout
from pakar.types import Document


@dataclass(frozen=True)
class Reading:
    """All documents of a source, and the table files of the last."""

    readouts: list[Readout]

    @property
    def document(self) -> Document:
        return self.readouts[-1].document

    def lines(self) -> list[tuple[str, str]]:
        """Place and text of every row, in order."""
        return [
            (mark.value, one.document.text[mark.start : mark.end])
            for one in self.readouts
            for mark in one.document.marks
            if mark.kind == "row"
        ]

    def rows(self, table: int = 0) -> list[dict[str, object]]:
        """The typed rows of a table, without pakar's own columns."""
        found = pq.read_table(self.readouts[-1].tables[table]).to_pylist()
        return [{k: v for k, v in row.items() if not k.startswith("_")} for row in found]

    def types(self, table: int = 0) -> dict[str, str]:
        schema = pq.read_schema(self.readouts[-1].tables[table])
        return {field.name: str(field.type) for field in schema if not field.name.startswith("_")}


def read(source: Path | str, *, here: Path | None = None, config: Config | None = None) -> Reading:
    """The documents of a file, or of a database's address counted from `here`.

    Their table files are there as long as what is returned.
    """
    folder = Path(tempfile.mkdtemp())
    try:
        found = Reading(list(_readouts(source, here or Path(), config or Config(), folder)))
    except BaseException:
        shutil.rmtree(folder)
        raise
    weakref.finalize(found, shutil.rmtree, folder)
    return found


def _readouts(source: Path | str, here: Path, settings: Config, folder: Path) -> Iterator[Readout]:
    if isinstance(source, Path):
        return read_table_file(source, source.name, settings, folder)
    return read_database(parse(source, here, here), settings, folder)


def write(folder: Path, name: str, text: str, encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path
