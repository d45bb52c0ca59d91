"""Passages that left the index, one Arrow file a document and content, so that they can return.

Knows the files and the columns of `lance_schema`; knows neither why rows left nor who names them.
Nothing is compressed: a sentence that is looked for in the bytes of the files is found there.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from pakar.backends.lance_schema import schema, to_arrow, to_rows
from pakar.errors import StoreError
from pakar.ports import IndexedPassage

if TYPE_CHECKING:
    import pyarrow as pa

_ENDING = ".arrow"
_AT_ONCE = 1024


class RowFiles:
    """Rows by document, content hash and the settings that they were made with.

    `settings` is equal for indexes whose rows can take each other's place.
    """

    def __init__(self, path: Path, dimensions: int, settings: str) -> None:
        self._path = path
        self._dimensions = dimensions
        self._settings = settings

    def has(self, name: str, content_hash: str) -> bool:
        return self._file(name, content_hash).is_file()

    def save(self, name: str, content_hash: str, rows: Iterable[IndexedPassage]) -> None:
        """Writes the rows of one document; a crash leaves the file whole or not there."""
        target = self._file(name, content_hash)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            handle, made = tempfile.mkstemp(dir=target.parent, suffix=".tmp")
            os.close(handle)
            try:
                self._write(Path(made), rows)
                Path(made).replace(target)
            except BaseException:
                Path(made).unlink(missing_ok=True)
                raise
        except OSError as error:
            raise StoreError(
                f"{target}: cannot be written: {error.strerror or error}",
                hint="Check the permissions and the free space.",
            ) from error

    def load(self, name: str, content_hash: str) -> Iterator[IndexedPassage]:
        """The rows as they were. Raises StoreError where they are missing or damaged."""
        import pyarrow as pa

        path = self._file(name, content_hash)
        try:
            with pa.memory_map(str(path)) as source, pa.ipc.open_file(source) as file:
                if file.schema != schema(self._dimensions):
                    raise _damaged(path, "its columns are others")
                for number in range(file.num_record_batches):
                    yield from self._checked(path, name, content_hash, file.get_batch(number))
        except FileNotFoundError as error:
            raise StoreError(
                f"the earlier passages of {name!r} are not kept",
                hint="Choose another version: pakar history",
            ) from error
        except (pa.ArrowException, OSError) as error:
            raise _damaged(path, str(error)) from error

    def collect(self, named: Iterable[tuple[str, str]]) -> None:
        """Deletes the files of this and of any settings but for those of the pairs named."""
        kept = {_key(name, content_hash) for name, content_hash in named}
        for path in self._path.glob("??/*"):
            if path.suffix == ".tmp" or path.name.split(".")[0] not in kept:
                path.unlink(missing_ok=True)

    def _write(self, path: Path, rows: Iterable[IndexedPassage]) -> None:
        import pyarrow as pa

        left = iter(rows)
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, self._schema) as writer:
            while part := list(islice(left, _AT_ONCE)):
                writer.write_table(to_arrow(part, self._dimensions))

    @property
    def _schema(self) -> pa.Schema:
        return schema(self._dimensions)

    def _checked(
        self, path: Path, name: str, content_hash: str, batch: pa.RecordBatch
    ) -> Sequence[IndexedPassage]:
        rows = to_rows(batch)
        if any((row.passage.document, row.content_hash) != (name, content_hash) for row in rows):
            raise _damaged(path, f"holds passages of another document than {name!r}")
        return rows

    def _file(self, name: str, content_hash: str) -> Path:
        key = _key(name, content_hash)
        return self._path / key[:2] / f"{key}.{_short(self._settings)}{_ENDING}"


def _key(name: str, content_hash: str) -> str:
    text = json.dumps([name, content_hash])
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _short(settings: str) -> str:
    return hashlib.sha256(settings.encode()).hexdigest()[:12]


def _damaged(path: Path, why: str) -> StoreError:
    return StoreError(f"{path}: damaged: {why[:200]}", hint="Choose another version: pakar history")
