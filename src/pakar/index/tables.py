"""The tables of an index as Parquet files, one a table, found by the document's name and content.

A file is put in its place before the index names its document, and freed when none does any more.
Knows no passages; what is in a file was written by `pakar.documents.tables`.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from pakar.errors import StoreError
from pakar.types import Column, TableFile

_META = b"pakar.table"
_NEW = "new"
REINDEX = "Run: pakar reindex"


class TableStore:
    """Table files in a folder of their own.

    `named` gives name and content of documents whose tables are kept although the newest version
    of the index no longer names them.
    """

    def __init__(
        self, path: Path, *, named: Callable[[], Iterable[tuple[str, str]]] = tuple
    ) -> None:
        self._path = path
        self._named = named

    def hold(self, files: Sequence[Path]) -> tuple[Path, ...]:
        """Takes finished files from where they were made, until `keep` or the next `collect`."""
        if not files:
            return ()
        folder = self._path / _NEW
        try:
            folder.mkdir(parents=True, exist_ok=True)
            held = Path(tempfile.mkdtemp(dir=folder))
            return tuple(file.rename(held / file.name) for file in files)
        except OSError as error:
            raise _unwritable(folder, error) from error

    def keep(self, name: str, content_hash: str, files: Sequence[Path]) -> None:
        """Takes the finished files of a document; each appears whole or not at all."""
        for number, file in enumerate(files):
            target = self._path / f"{_key(name, content_hash)}-{number}.parquet"
            try:
                file.replace(target)
            except OSError as error:
                raise _unwritable(target, error) from error

    def list(self, documents: Mapping[str, str]) -> tuple[TableFile, ...]:
        """The tables of these documents (name to content hash), by document and order.

        Of a table that is only half up to date, as after a kill, there is none until the next
        `add` has finished it.
        """
        keys = {_key(name, content): name for name, content in documents.items()}
        found = []
        for path in sorted(self._path.glob("*.parquet"), key=_order):
            name = keys.get(path.name.rpartition("-")[0])
            if name is None:
                continue
            table = _table(path, documents)
            if table is not None:
                found.append(table)
        return tuple(sorted(found, key=lambda table: table.document))

    def copy(self, target: Path, named: Iterable[tuple[str, str]]) -> None:
        """Copies the files of these documents to the folder of another store."""
        keys = {_key(name, content) for name, content in named}
        for path in self._path.glob("*.parquet"):
            if path.name.rpartition("-")[0] in keys:
                target.mkdir(parents=True, exist_ok=True)
                shutil.copy2(path, target / path.name)

    def collect(self, documents: Mapping[str, str]) -> int:
        """Frees the files of documents that are not named. Returns how many.

        To be called by the only writer, as it also removes what was left half made.
        """
        shutil.rmtree(self._path / _NEW, ignore_errors=True)
        pairs = {*documents.items(), *self._named()}
        keys = {_key(name, content) for name, content in pairs}
        deleted = 0
        for path in self._path.glob("*.parquet"):
            if path.name.rpartition("-")[0] not in keys:
                path.unlink(missing_ok=True)
                deleted += 1
        return deleted


def _table(path: Path, documents: Mapping[str, str]) -> TableFile | None:
    import pyarrow.parquet as pq

    try:
        found = json.loads(pq.read_schema(path).metadata[_META])
        parts = found["parts"]
        if any(documents.get(name) != content for name, content in parts.items()):
            return None
        columns = tuple(Column(*one) for one in found["columns"])
        return TableFile(found["document"], found["name"], str(path), columns, found["rows"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(f"{path}: damaged: no table of pakar", hint=REINDEX) from error


def _order(path: Path) -> tuple[str, int]:
    key, _, number = path.stem.rpartition("-")
    return key, int(number) if number.isdigit() else 0


def _key(name: str, content_hash: str) -> str:
    text = json.dumps([name, content_hash], separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _unwritable(path: Path, error: OSError) -> StoreError:
    return StoreError(
        f"{path}: cannot be written: {error.strerror or error}",
        hint="Check the permissions and the free space.",
    )
