"""Brings an index up to date with its sources: reads, splits and embeds only what changed.

The order keeps an expert whole at any moment: a document's text is saved, then its passages
replace the old ones in one commit, and only at the end is freed what nobody names any more.
Knows no format, no model and no database: they come in as functions and ports.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Generic, Protocol

from pakar.errors import SourceError
from pakar.index.changes import SourceT, file_hash, missing, unreadable
from pakar.index.outcome import Outcome
from pakar.index.texts import TextStore
from pakar.ports import Embedder, IndexedPassage, VectorStore
from pakar.types import AddReport, Document, Failure, Passage

_EMBED_AT_ONCE = 256
_REMOVE_AT_ONCE = 500


class Progress(Protocol):
    """Told after every document and every batch of embedded passages.

    `passages` counts those embedded so far, `current` is the document in work.
    """

    def __call__(self, done: int, total: int, passages: int, current: str) -> None: ...


Readings = Generator[tuple[SourceT, Document | SourceError], None, None]
ReadAll = Callable[[Iterable[SourceT]], Readings[SourceT]]


@dataclass(frozen=True, slots=True)
class Steps(Generic[SourceT]):
    """What is done with a source, step by step.

    `read` reads many, in their order and perhaps several at once; it draws its sources as it
    needs them, and hands an error on in a document's place. `embedding_text` is what the embedder
    sees of a passage, `terms` what BM25 counts of it.
    """

    read: ReadAll[SourceT]
    split: Callable[[Document], list[Passage]]
    embedding_text: Callable[[Passage], str]
    terms: Callable[[Passage], Sequence[str]]


def one_by_one(read: Callable[[SourceT], Document]) -> ReadAll[SourceT]:
    """Reads one source after the other, here; `read` raises SourceError where it cannot."""

    def read_all(sources: Iterable[SourceT]) -> Readings[SourceT]:
        for source in sources:
            try:
                with unreadable(source.name):
                    document = read(source)
            except SourceError as error:
                yield source, error
            else:
                yield source, document

    return read_all


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """What is committed together: whichever limit is reached first ends a batch."""

    passages: int = 256
    documents: int = 64
    seconds: float = 10.0


class Indexer(Generic[SourceT]):
    """Adds and removes documents. The caller holds the lock of the index meanwhile."""

    def __init__(
        self,
        steps: Steps[SourceT],
        embedder: Embedder,
        store: VectorStore,
        texts: TextStore,
        limits: BatchLimits | None = None,
    ) -> None:
        self._steps = steps
        self._embedder = embedder
        self._store = store
        self._texts = texts
        self._limits = limits or BatchLimits()

    def add(
        self,
        sources: Iterable[SourceT],
        roots: Sequence[str],
        *,
        progress: Progress | None = None,
        force: bool = False,
    ) -> AddReport:
        """Indexes the sources that are new or changed; all of them with `force`.

        `sources` are all that exist below `roots` (names of documents or of folders of them):
        documents below a root that are no source any more are removed. A source that cannot be
        read is reported and stops nothing. What was committed stays if this is interrupted, and
        running it again finishes the work.
        """
        started = time.monotonic()
        unique = {source.name: source for source in sources}
        known = self._store.snapshot().documents()
        outcome = Outcome()
        self._forget(missing(known, unique, roots), outcome)
        batch = _Batch(self._steps, self._limits, _Report(progress, len(unique)))
        changed = self._changed(unique.values(), known, batch.report, outcome, force=force)
        with closing(self._steps.read(changed)) as readings:
            for source, read in readings:
                self._take_in(source, read, known, batch, outcome)
                batch.report.done(source.name)
                if batch.is_full():
                    self._commit(batch, known, outcome)
        self._commit(batch, known, outcome)
        self._tidy()
        return outcome.report(time.monotonic() - started)

    def remove(self, names: Sequence[str]) -> AddReport:
        """Removes documents by name; a name that is not indexed is reported as failed."""
        started = time.monotonic()
        known = self._store.snapshot().documents()
        outcome = Outcome()
        self._forget([name for name in dict.fromkeys(names) if name in known], outcome)
        for name in dict.fromkeys(names):
            if name not in known:
                hint = "See the indexed documents with: pakar status"
                outcome.failed.append(Failure(name, "no such document in the index", hint))
        self._tidy()
        return outcome.report(time.monotonic() - started)

    def _changed(
        self,
        sources: Iterable[SourceT],
        known: Mapping[str, str],
        report: _Report,
        outcome: Outcome,
        *,
        force: bool,
    ) -> Iterator[SourceT]:
        """The sources that are to be read; tells of the others that they need not or cannot be."""
        for source in sources:
            name = source.name
            try:
                content_hash = file_hash(source.path)
            except OSError as error:
                outcome.not_opened(name, error, is_kept=name in known)
                report.done(name)
                continue
            same = known.get(name) == content_hash and self._texts.has(name, content_hash)
            if force or not same:
                yield source
                continue
            outcome.unchanged.append(name)
            report.done(name)

    def _take_in(
        self,
        source: SourceT,
        read: Document | SourceError,
        known: Mapping[str, str],
        batch: _Batch[SourceT],
        outcome: Outcome,
    ) -> None:
        """Takes what was read into the batch, or reports why it was not."""
        name = source.name
        try:
            if isinstance(read, SourceError):
                raise read
            batch.take(source, read)
        except SourceError as error:
            if isinstance(error.__cause__, OSError):
                outcome.not_opened(name, error.__cause__, is_kept=name in known)
                return
            outcome.not_read(name, error, was_known=name in known)
            if name in known:
                batch.forget(name)

    def _commit(self, batch: _Batch[SourceT], known: Mapping[str, str], outcome: Outcome) -> None:
        """Embeds what was read, saves the texts, then replaces the passages in one commit."""
        if not batch.names:
            return
        rows = batch.embedded(self._embedder)
        for document in batch.documents:
            self._texts.save(document)
        self._store.replace(batch.names, rows)
        for document in batch.documents:
            outcome.indexed(document, was_known=document.name in known)
        outcome.passages += len(rows)
        batch.clear()

    def _forget(self, names: Sequence[str], outcome: Outcome) -> None:
        for start in range(0, len(names), _REMOVE_AT_ONCE):
            chunk = names[start : start + _REMOVE_AT_ONCE]
            self._store.replace(chunk, [])
            outcome.removed.extend(chunk)

    def _tidy(self) -> None:
        self._store.optimize()
        self._texts.collect(self._store.snapshot().documents())


class _Report:
    """Counts for a progress display, where there is one."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self._progress = progress
        self._total = total
        self._done = 0
        self._passages = 0
        self._current = ""

    def done(self, name: str) -> None:
        self._done += 1
        self._current = name
        self._tell()

    def embedded(self, count: int) -> None:
        self._passages += count
        self._tell()

    def _tell(self) -> None:
        if self._progress is not None:
            self._progress(self._done, self._total, self._passages, self._current)


class _Batch(Generic[SourceT]):
    """Documents read but not committed yet. `names` also has those that lose their passages."""

    def __init__(self, steps: Steps[SourceT], limits: BatchLimits, report: _Report) -> None:
        self._steps = steps
        self._limits = limits
        self.report = report
        self.clear()

    def clear(self) -> None:
        self.names: list[str] = []
        self.documents: list[Document] = []
        self._rows: list[tuple[Passage, str]] = []
        self._since = time.monotonic()

    def take(self, source: SourceT, document: Document) -> None:
        """Splits what was read of a source. Raises SourceError where that cannot be done."""
        with unreadable(source.name):
            passages = self._steps.split(document)
            if not passages:
                raise SourceError(
                    "there is no text in it", hint="If it is a scan, it needs OCR first."
                )
            document.text.encode()  # the store can hold no lone surrogates
        self.names.append(source.name)
        self.documents.append(document)
        self._rows += [(passage, document.content_hash) for passage in passages]

    def forget(self, name: str) -> None:
        self.names.append(name)

    def is_full(self) -> bool:
        return bool(self.names) and (
            len(self._rows) >= self._limits.passages
            or len(self.names) >= self._limits.documents
            or time.monotonic() - self._since >= self._limits.seconds
        )

    def embedded(self, embedder: Embedder) -> list[IndexedPassage]:
        rows = []
        for start in range(0, len(self._rows), _EMBED_AT_ONCE):
            part = self._rows[start : start + _EMBED_AT_ONCE]
            texts = [self._steps.embedding_text(passage) for passage, _ in part]
            vectors = embedder.embed(texts, "passage")
            rows += [
                IndexedPassage(passage, vector, self._steps.terms(passage), content_hash)
                for (passage, content_hash), vector in zip(part, vectors, strict=True)
            ]
            self.report.embedded(len(part))
        return rows
