"""The documents' texts as they were indexed, so that a citation is checked against them.

One JSON file a document and content, found by a hash of both. Knows nothing of passages. A text
that no index version names any more stays for `keep`, for readers that still hold such a version.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import get_args

from pakar.atomic_file import write_atomically
from pakar.errors import StoreError
from pakar.types import Document, Mark, MarkKind

REINDEX = "Run: pakar reindex"
_LEFT = ".left"  # ends the name of a text that the newest version no longer names


class TextStore:
    """Documents by name and content hash, in a folder of its own.

    `named` gives those that are kept although the newest version no longer names them.
    """

    def __init__(
        self,
        path: Path,
        *,
        keep: timedelta = timedelta(minutes=10),
        named: Callable[[], Iterable[tuple[str, str]]] = tuple,
    ) -> None:
        self._path = path
        self._keep = keep.total_seconds()
        self._named = named

    def save(self, document: Document) -> None:
        """Keeps the document; after a crash it is there whole or not at all."""
        body = _body(document)
        content = json.dumps({"sha256": _sha256(body), "document": body}, ensure_ascii=False)
        path = self._file(document.name, document.content_hash)
        try:
            # Lance does not sync its files either, and `load` notices a damaged one.
            write_atomically(path, content.encode(), sync=False)
        except OSError as error:
            raise StoreError(
                f"{path}: cannot be written: {error.strerror}",
                hint="Check the permissions and the free space.",
            ) from error

    def has(self, name: str, content_hash: str) -> bool:
        return self._file(name, content_hash).is_file()

    def size(self, name: str, content_hash: str) -> int:
        """Bytes on the disk; 0 where there is no such text."""
        try:
            return self._file(name, content_hash).stat().st_size
        except OSError:
            return 0

    def load(self, name: str, content_hash: str) -> Document:
        """The document exactly as it was saved.

        Raises StoreError where it is missing or not what was saved.
        """
        path = self._file(name, content_hash)
        try:
            content = _read_either(path)
        except OSError as error:
            raise StoreError(
                f"the text of {name!r} cannot be read: {path}: {error.strerror}", hint=REINDEX
            ) from error
        document = _parse(path, content)
        if (document.name, document.content_hash) != (name, content_hash):
            raise _damaged(path, f"holds the text of {document.name!r}, not of {name!r}")
        return document

    def collect(self, documents: Mapping[str, str]) -> int:
        """Frees texts that neither `documents` (name to content hash) nor `named` names.

        They first get a mark and go at a later call, when the mark is older than `keep`. To be
        called by the only writer. Returns how many were deleted.
        """
        pairs = {*documents.items(), *self._named()}
        named = {self._file(name, content) for name, content in pairs}
        deleted = 0
        for path in self._path.glob("??/*"):
            if path.suffix == _LEFT:
                deleted += self._delete_if_old(path)
            elif path.suffix == ".tmp":  # of a writer that was killed
                path.unlink()
                deleted += 1
            elif path not in named:
                os.utime(path)
                path.replace(path.with_name(path.name + _LEFT))
        return deleted

    def forget(self, name: str, content_hash: str) -> None:
        """Deletes a document's text at once, whoever may still read it."""
        path = self._file(name, content_hash)
        for one in (path, path.with_name(path.name + _LEFT)):
            one.unlink(missing_ok=True)

    def _delete_if_old(self, path: Path) -> int:
        if time.time() - path.stat().st_mtime < self._keep:
            return 0
        path.unlink()
        return 1

    def _file(self, name: str, content_hash: str) -> Path:
        key = _sha256([name, content_hash])
        return self._path / key[:2] / f"{key[2:]}.json"


def _read_either(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return path.with_name(path.name + _LEFT).read_bytes()


def _body(document: Document) -> dict[str, object]:
    body = asdict(document)
    body["marks"] = [[m.kind, m.start, m.end, m.value, m.level] for m in document.marks]
    body["warnings"] = list(document.warnings)
    return body


def _parse(path: Path, content: bytes) -> Document:
    try:
        data = json.loads(content)
        body = data["document"]
        if data["sha256"] != _sha256(body):
            raise _damaged(path, "its checksum does not fit")
        marks = tuple(_mark(values) for values in body["marks"])
        return Document(**{**body, "marks": marks, "warnings": tuple(body["warnings"])})
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise _damaged(path, "not a document's text") from error


def _mark(values: list[object]) -> Mark:
    kind, start, end, value, level = values
    if kind not in get_args(MarkKind):
        raise ValueError(f"unknown mark {kind!r}")
    return Mark(kind, start, end, value, level)  # type: ignore[arg-type]


def _sha256(value: object) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _damaged(path: Path, why: str) -> StoreError:
    return StoreError(f"{path}: damaged: {why}", hint=REINDEX)
