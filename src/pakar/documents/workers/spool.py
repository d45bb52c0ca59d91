"""What a worker leaves of a source of tables: its parts and its typed tables, as lines of JSON.

A long table would not fit into one message, nor into memory; so the worker writes, and its owner
reads what was written piece by piece, as data that is checked. A table file is made by the owner.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from pakar.documents.workers import endings
from pakar.documents.workers.messages import document_from_json, document_to_json
from pakar.documents.workers.table_lines import write_lines, write_parquet
from pakar.errors import SourceError
from pakar.ports import Readout
from pakar.types import Document, part_name

_PARTS = "parts.jsonl"
_LINES = ".lines"
# A part is a thousand rows; no line of it is longer than this.
_LONGEST_PART = 200_000_000


def write_out(readouts: Iterator[Readout], folder: Path) -> Document:
    """Writes all documents but the last, which is returned, and the tables.

    Raises ValueError where a row is too long.
    """
    last: Document | None = None
    with (folder / _PARTS).open("wb") as file:
        for readout in readouts:
            if last is not None:
                file.write(document_to_json(last) + b"\n")
            last = readout.document
    if last is None:
        raise SourceError("holds no table", hint="Fill it, or leave it out.")
    for parquet in _numbered(folder, ".parquet"):
        write_lines(parquet, parquet.with_suffix(_LINES))
        parquet.unlink()
    return last


def new_folder(parent: Path) -> Path:
    """A folder for one source."""
    return Path(tempfile.mkdtemp(prefix="tables-", dir=parent))


def read_back(folder: Path, document: Document, limit: int) -> Iterator[Readout]:
    """The parts that a worker wrote, then `document` with its table files, made beside `folder`.

    Raises SourceError where what it wrote is not that.
    """
    try:
        yield from _parts(folder / _PARTS, document.name, limit)
        files = _tables(folder, document.name)
    except (OSError, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise endings.not_understood(document.name) from ValueError(str(error))
    yield Readout(document, files)


def _tables(folder: Path, source: str) -> tuple[Path, ...]:
    # In a folder of its own: what lies in that of the worker may be links.
    made = Path(tempfile.mkdtemp(prefix="typed-", dir=folder.parent))
    files = []
    for lines in _numbered(folder, _LINES):
        files.append(made / f"{lines.stem}.parquet")
        write_parquet(lines, files[-1], source)
    return tuple(files)


def _numbered(folder: Path, ending: str) -> list[Path]:
    files = [path for path in folder.glob(f"*{ending}") if path.is_file() and not path.is_symlink()]
    return sorted((path for path in files if path.stem.isdigit()), key=lambda p: int(p.stem))


def _parts(path: Path, source: str, limit: int) -> Iterator[Readout]:
    if path.is_symlink():
        raise ValueError("the parts are a link")
    with path.open("rb") as file:
        number = 0
        while line := file.readline(_LONGEST_PART):
            number += 1
            yield Readout(document_from_json(line, part_name(source, number), limit))
