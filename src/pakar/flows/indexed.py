"""The documents of the index in force: their names, as users write them, and their texts."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from pakar.documents.discover import document_name
from pakar.documents.tables.address import is_address, parse
from pakar.errors import SourceError
from pakar.flows.workplace import Workplace
from pakar.index.changes import is_below
from pakar.types import Document, TableFile


def hashes(place: Workplace) -> Mapping[str, str]:
    """The content hash of every indexed document, by name."""
    return place.reader(place.index).snapshot().documents()


def document(place: Workplace, name: str) -> Document:
    """A document as it was indexed. Raises SourceError for a name that is not in the index."""
    known = hashes(place)
    if name not in known:
        raise no_document(name, known)
    return place.texts.load(name, known[name])


def tables(place: Workplace) -> tuple[TableFile, ...]:
    """The tables of the indexed documents, as typed Parquet files."""
    return place.tables(place.index).list(hashes(place))


def documents(place: Workplace) -> Iterator[Document]:
    """All indexed documents, sorted by name, each read when it is its turn."""
    # One look at the index for all: `document` takes one for each.
    for name, digest in sorted(hashes(place).items()):
        yield place.texts.load(name, digest)


def named(
    place: Workplace, written: Iterable[str], known: Iterable[str] | None = None
) -> list[str]:
    """Documents' names, as the user may write them: as listed, or as a path from here.

    `known` are the names that there are, by default those of the index.
    """
    written = list(written)
    if not written:
        return []
    names = list(hashes(place) if known is None else known)
    return [_name(place, one, names) for one in written]


def _name(place: Workplace, source: str, known: Iterable[str]) -> str:
    written = source.rstrip("/")
    if not source.strip():
        return source
    if written not in ("", ".") and any(is_below(name, written) for name in known):
        return written
    if is_address(source):
        return parse(source, Path(), place.folder).document
    return document_name(Path(source), place.folder)


def expanded(place: Workplace, names: Sequence[str]) -> list[str]:
    """The names of documents, each folder's replaced by those of all that lies below it."""
    known = hashes(place) if names else {}
    found: list[str] = []
    for name in names:
        below = [one for one in known if name.strip() and is_below(one, name)]
        found += below or [name]
    return found


def no_document(name: str, known: Mapping[str, str]) -> SourceError:
    near = difflib.get_close_matches(name, known, n=1)
    return SourceError(
        f"no document {name!r} in the index",
        hint=f"Did you mean {near[0]!r}?" if near else "See: pakar status",
    )
