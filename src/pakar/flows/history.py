"""`pakar history`, `diff` and `rollback`: the versions of an index, compared and brought back.

Works on what `keeping` kept. Answers are compared by what they would be given to read: a question
is asked of both versions, and where the passages differ, its answer could change.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pakar.errors import ConfigError, StoreError
from pakar.index import manifest
from pakar.index.archive import Archive
from pakar.index.difference import Change, ChangeKind, only_in, sentences
from pakar.index.manifest import Manifest
from pakar.index.texts import TextStore
from pakar.index.versions import Version
from pakar.ports import IndexedPassage, VectorStore
from pakar.retrieval.search import Retriever
from pakar.types import Document

_SEE = "See the versions that are kept with: pakar history"
_ROWS_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class AnswerChange:
    """A question whose passages differ. `gone` and `new` are the documents they came from; both
    are empty where the same passages come in another order."""

    question: str
    gone: tuple[str, ...]
    new: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """What changed from version `first` to version `second`.

    `asked` counts the questions that were asked of both; `note` says why none were.
    """

    first: int
    second: int
    changes: tuple[Change, ...]
    answers: tuple[AnswerChange, ...] = ()
    asked: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True)
class Brought:
    """What bringing a version back changed: documents that are as they were again, documents that
    went, and how many passages were written."""

    back: tuple[str, ...]
    gone: tuple[str, ...]
    passages: int


@dataclass(frozen=True, slots=True)
class Shelves:
    """Where the passages and texts of any version lie. `known` is the index's own manifest."""

    archive: Archive
    known: Manifest
    store: VectorStore
    texts: TextStore

    def version(self, number: int) -> Version:
        """Raises ConfigError where there is no such version."""
        versions = {one.number: one for one in self.archive.log.load()}
        if number not in versions:
            kept = f"kept are {min(versions)} to {max(versions)}" if versions else "none is kept"
            raise ConfigError(f"there is no version {number}: {kept}", hint=_SEE)
        return versions[number]

    def fits(self, version: Version) -> bool:
        """Whether its passages could stand in the index as it is built now."""
        return dict(version.settings) == manifest.binding(self.known)

    def rows(self, names: Sequence[str], version: Version) -> Iterator[IndexedPassage]:
        """The passages that these documents had in a version that fits."""
        snapshot = self.store.snapshot()
        now = snapshot.documents()
        here = [name for name in names if now.get(name) == version.documents[name]]
        for start in range(0, len(here), _ROWS_AT_ONCE):
            yield from snapshot.rows(here[start : start + _ROWS_AT_ONCE])
        files = self.archive.files(self.known)
        for name in names:
            if now.get(name) != version.documents[name]:
                yield from files.load(name, version.documents[name])

    def bring(self, version: Version, store: VectorStore) -> Brought:
        """Makes a store that holds what the index holds hold the version, in one commit."""
        now = self.store.snapshot().documents()
        back = [name for name, content in version.documents.items() if now.get(name) != content]
        gone = [name for name in now if name not in version.documents]
        for name in back:
            if not self.texts.has(name, version.documents[name]):
                raise StoreError(f"the earlier text of {name!r} is not kept", hint=_SEE)
        rows = list(self.rows(back, version))
        store.replace([*back, *gone], rows)
        store.optimize()
        return Brought(tuple(back), tuple(gone), len(rows))


def require_fit(shelves: Shelves, version: Version) -> None:
    """Raises StoreError, in one line, where a version cannot stand in the index of now."""
    for label, now in manifest.binding(shelves.known).items():
        then = version.settings.get(label)
        if then != now:
            raise StoreError(
                f"version {version.number} was built with {label} {then!r}, the index with {now!r}",
                hint="Set it in pakar.toml as it was and run pakar reindex; then roll back.",
            )


def changes(shelves: Shelves, first: Version, second: Version) -> tuple[Change, ...]:
    """Every document that is not the same in both versions, by name."""
    return tuple(
        _change(shelves, name, first, second)
        for name in sorted({*first.documents, *second.documents})
        if first.documents.get(name) != second.documents.get(name)
    )


def answers(
    shelves: Shelves,
    versions: tuple[Version, Version],
    questions: Iterable[str],
    folder: Path,
    retriever_of: Callable[[Path], tuple[VectorStore, Retriever]],
    k: int,
) -> tuple[AnswerChange, ...]:
    """The questions that would be answered from other passages, or from the same in another order.

    `folder` is that of the index, which the caller has locked; each version is built from it in a
    temporary copy, so that both are searched exactly as the index is.
    """
    found: list[list[list[tuple[str, str]]]] = []
    asked = list(questions)
    for version in versions:
        with tempfile.TemporaryDirectory(prefix="pakar-version-") as place:
            copy = Path(place) / "index"
            shutil.copytree(folder, copy)
            store, retriever = retriever_of(copy)
            shelves.bring(version, store)
            found.append([_passages(retriever, question, k) for question in asked])
    return tuple(
        AnswerChange(question, _documents(_pairs_only_in(a, b)), _documents(_pairs_only_in(b, a)))
        for question, a, b in zip(asked, *found, strict=True)
        if a != b
    )


def _pairs_only_in(
    first: Sequence[tuple[str, str]], second: Sequence[tuple[str, str]]
) -> list[tuple[str, str]]:
    return [pair for pair in first if pair not in second]


def _documents(passages: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name, _ in passages))


def _passages(retriever: Retriever, question: str, k: int) -> list[tuple[str, str]]:
    return [(hit.document, hit.text) for hit in retriever.search(question, k=k)]


def _change(shelves: Shelves, name: str, first: Version, second: Version) -> Change:
    before = _text(shelves, name, first.documents)
    after = _text(shelves, name, second.documents)
    kind: ChangeKind = (
        "added" if name not in first.documents
        else "removed" if name not in second.documents
        else "changed"
    )  # fmt: skip
    for version, text in ((first, before), (second, after)):
        if name in version.documents and text is None:
            return Change(name, kind, note=f"its text in version {version.number} is not kept")
    old, new = sentences(before), sentences(after)
    passages_old, passages_new = _own(shelves, name, first), _own(shelves, name, second)
    return Change(
        name,
        kind,
        only_in(old, new),
        only_in(new, old),
        len(only_in(passages_old, passages_new)),
        len(only_in(passages_new, passages_old)),
    )


def _text(shelves: Shelves, name: str, documents: Mapping[str, str]) -> Document | None:
    content = documents.get(name)
    if content is None or not shelves.texts.has(name, content):
        return None
    return shelves.texts.load(name, content)


def _own(shelves: Shelves, name: str, version: Version) -> list[str]:
    if name not in version.documents or not shelves.fits(version):
        return []
    return [row.passage.text for row in shelves.rows([name], version)]
