"""A small folder of text files, read and split line by line: no model, no format."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pakar.backends.lancedb_store import LanceStore
from pakar.errors import SourceError
from pakar.index.build import BatchLimits, Indexer, Steps, one_by_one
from pakar.index.texts import TextStore
from pakar.testing import HashEmbedder
from pakar.types import Document, Passage


@dataclass(frozen=True)
class File:
    name: str
    path: Path


def read_lines(file: File) -> Document:
    content = file.path.read_bytes()
    if b"BROKEN" in content:
        raise SourceError("broken", hint="Mend it.")
    warnings = ("a picture was skipped",) if b"WARN" in content else ()
    text = content.decode("utf-8", "surrogatepass")
    digest = hashlib.sha256(content).hexdigest()
    return Document(file.name, text, file.name, "en", digest, "text/plain", (), warnings)


def split_lines(document: Document) -> list[Passage]:
    passages, start = [], 0
    for line in document.text.split("\n"):
        if line:
            passages.append(Passage(document.name, start, start + len(line), line))
        start += len(line) + 1
    return passages


def line_steps(read: Callable[[File], Document] = read_lines) -> Steps[File]:
    return Steps(
        one_by_one(read), split_lines, lambda passage: passage.text, lambda p: p.text.split()
    )


class Folder:
    """Source files and an index of them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.sources = path / "docs"
        self.sources.mkdir(parents=True, exist_ok=True)
        self.texts = TextStore(path / "texts")

    def write(self, name: str, text: str) -> None:
        target = self.sources / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode("utf-8", "surrogatepass"))

    def files(self) -> list[File]:
        paths = sorted(path for path in self.sources.rglob("*") if path.is_file())
        return [File(path.relative_to(self.path).as_posix(), path) for path in paths]

    def store(self) -> LanceStore:
        return LanceStore(self.path / "index", 64)

    def indexer(
        self,
        *,
        limits: BatchLimits | None = None,
        read: Callable[[File], Document] = read_lines,
        embedder: HashEmbedder | None = None,
    ) -> Indexer[File]:
        embedder = embedder or HashEmbedder()
        return Indexer(line_steps(read), embedder, self.store(), self.texts, limits)
