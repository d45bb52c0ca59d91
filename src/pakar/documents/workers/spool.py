"""What a worker leaves of a source of tables: its parts, a line of JSON each, and table files.

A long table would not fit into one message, nor into memory; so the worker writes, and its owner
reads what was written piece by piece, as data that is checked.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from pakar.documents.workers.messages import document_from_json, document_to_json
from pakar.errors import SourceError
from pakar.ports import Readout
from pakar.types import Document, part_name

_PARTS = "parts.jsonl"
# A part is a thousand rows; no line of it is longer than this.
_LONGEST_PART = 200_000_000


def write_out(readouts: Iterator[Readout], folder: Path) -> Document:
    """Writes all documents but the last, which is returned; the table files are there already."""
    last: Document | None = None
    with (folder / _PARTS).open("wb") as file:
        for readout in readouts:
            if last is not None:
                file.write(document_to_json(last) + b"\n")
            last = readout.document
    if last is None:
        raise SourceError("holds no table", hint="Fill it, or leave it out.")
    return last


def new_folder(parent: Path) -> Path:
    """A folder for one source."""
    return Path(tempfile.mkdtemp(prefix="tables-", dir=parent))


def read_back(folder: Path, document: Document, limit: int) -> Iterator[Readout]:
    """The parts that a worker wrote, then `document` with its table files.

    Raises SourceError where what it wrote is not that.
    """
    try:
        yield from _parts(folder / _PARTS, document.name, limit)
    except (OSError, ValueError) as error:
        raise SourceError(
            f"{document.name}: its reader gave no document",
            hint="the file is damaged or was made to do harm: leave it out",
        ) from ValueError(str(error))
    files = [path for path in folder.glob("*.parquet") if path.is_file() and not path.is_symlink()]
    numbered = sorted((path for path in files if path.stem.isdigit()), key=lambda p: int(p.stem))
    yield Readout(document, tuple(numbered))


def _parts(path: Path, source: str, limit: int) -> Iterator[Readout]:
    if path.is_symlink():
        raise ValueError("the parts are a link")
    with path.open("rb") as file:
        number = 0
        while line := file.readline(_LONGEST_PART):
            number += 1
            yield Readout(document_from_json(line, part_name(source, number), limit))
