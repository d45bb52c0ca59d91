"""Brings an index up to date with its sources: reads, splits and embeds only what changed.

The order keeps an expert whole at any moment: a document's text is saved, then its passages
replace the old ones in one commit, and only at the end is freed what nobody names any more.
Knows no format, no model and no database: they come in as functions and ports.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Generic, Protocol

from pakar.errors import SourceError
from pakar.index.changes import SourceT, hash_of, missing, unreadable
from pakar.index.outcome import Outcome
from pakar.index.parts import PartsLedger
from pakar.index.tables import TableStore
from pakar.index.texts import TextStore
from pakar.ports import Embedder, IndexedPassage, Readout, Vectors, VectorStore
from pakar.types import AddReport, Document, Failure, Passage, source_of

_EMBED_AT_ONCE = 256
_REMOVE_AT_ONCE = 500


class Progress(Protocol):
    """Told after every document and every batch of embedded passages.

    `passages` counts those embedded so far, `current` is the document in work.
    """

    def __call__(self, done: int, total: int, passages: int, current: str) -> None: ...


IsIndexed = Callable[[str, str], bool]
Readings = Generator[tuple[SourceT, Readout | SourceError], None, None]
ReadAll = Callable[[Iterable[SourceT]], Readings[SourceT]]


def _alone(source: SourceT, is_indexed: IsIndexed) -> Iterator[SourceT]:
    yield source


def _as_it_is(source: SourceT, document: Document) -> Document:
    return document


def _nothing(source: SourceT) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Steps(Generic[SourceT]):
    """What is done with a source, step by step.

    `read` reads many, perhaps several at once; it draws its sources as it needs them, and hands an
    error on in a document's place. Of one source it gives all documents in a row: that with the
    source's own name last, those before it named by `part_name`. `fingerprint` is a source's
    content hash, "" where only reading can tell; it raises OSError. `embedding_text` is what the
    embedder sees of a passage, `terms` what BM25 counts of it.

    `expand` gives a source and what came in it (a mail's attachments, a mailbox's mails) as
    sources of their own, these before what they came in; a container may be nothing but what it
    holds. It is told what is indexed as it is now, by name and hash, and takes that apart no more.
    `label` adds to a document what its source knows of it, `done` frees what a source held.
    `skipped` collects what is passed over.
    """

    read: ReadAll[SourceT]
    split: Callable[[Document], list[Passage]]
    embedding_text: Callable[[Passage], str]
    terms: Callable[[Passage], Sequence[str]]
    fingerprint: Callable[[SourceT], str] = hash_of
    expand: Callable[[SourceT, IsIndexed], Iterator[SourceT]] = _alone
    label: Callable[[SourceT, Document], Document] = _as_it_is
    done: Callable[[SourceT], None] = _nothing
    skipped: Sequence[Failure] = ()


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
                yield source, Readout(document)

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
        tables: TableStore | None = None,
    ) -> None:
        self._steps = steps
        self._embedder = embedder
        self._store = store
        self._texts = texts
        self._limits = limits or BatchLimits()
        self._tables = tables

    def add(
        self,
        sources: Iterable[SourceT],
        roots: Sequence[str],
        *,
        progress: Progress | None = None,
        force: bool = False,
        held: Sequence[str] = (),
    ) -> AddReport:
        """Indexes the sources that are new or changed; all of them with `force`.

        `sources` are all that exist below `roots` (names of documents or of folders of them):
        documents below a root that are no source any more are removed, but for those `held`,
        which stay as they are. A source that cannot be read is reported and stops nothing. What
        was committed stays if this is interrupted, and running it again finishes the work.
        """
        started = time.monotonic()
        unique = {source.name: source for source in sources}
        known = self._store.snapshot().documents()
        outcome = Outcome()
        ledger = PartsLedger(known, unique)
        alone = (name for name in known if name not in ledger.owned)
        self._forget(missing(alone, [*unique, *held], roots), outcome)
        batch = _Batch(self._limits, _Report(progress, len(unique)))
        run = _Run(known, batch, outcome, force)
        changed = self._changed(unique.values(), ledger, run)
        with closing(self._steps.read(changed)) as readings:
            for source, read in readings:
                self._take_in(source, read, run)
                if batch.is_full():
                    self._commit(run)
        self._commit(run)
        self._tidy()
        outcome.skipped += self._steps.skipped
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
        self, sources: Iterable[SourceT], ledger: PartsLedger, run: _Run
    ) -> Iterator[SourceT]:
        """The sources that are to be read; tells of the others that they need not or cannot be."""
        for source in sources:
            name = source.name
            try:
                yield from self._changed_within(source, ledger, run)
            except OSError as error:
                is_kept = name in run.known or ledger.has_below(name)
                run.outcome.not_opened(name, error, is_kept=is_kept)
                run.batch.report.done(name)

    def _changed_within(self, source: SourceT, ledger: PartsLedger, run: _Run) -> Iterator[SourceT]:
        """A source and what came in it, as far as they are to be read. Raises OSError.

        What a changed source held before and holds no more is removed before it is read, so that
        a run that is ended there leaves nothing behind.
        """

        def is_indexed(name: str, content_hash: str) -> bool:
            return bool(content_hash) and self._is_indexed(name, content_hash, run)

        for one in self._steps.expand(source, is_indexed):
            if one.name != source.name:
                run.batch.report.more()
            ledger.see(one.name)
            if is_indexed(one.name, self._steps.fingerprint(one)):
                run.outcome.unchanged += [one.name, *ledger.rest_below(one.name)]
                run.batch.report.done(one.name)
                continue
            self._forget(ledger.rest_below(one.name), run.outcome)
            yield one
        self._forget(ledger.rest_below(source.name), run.outcome)

    def _is_indexed(self, name: str, content_hash: str, run: _Run) -> bool:
        is_known = not run.force and run.known.get(name) == content_hash
        return is_known and self._texts.has(name, content_hash)

    def _take_in(self, source: SourceT, read: Readout | SourceError, run: _Run) -> None:
        """Takes what was read into the batch, or reports why it was not."""
        name = source.name
        taken = run.taken.setdefault(name, set())
        try:
            if isinstance(read, SourceError):
                raise read
            taken.add(read.document.name)
            self._take(name, replace(read, document=self._steps.label(source, read.document)), run)
        except SourceError as error:
            self._not_taken(name, error, taken, run)
        if isinstance(read, SourceError) or read.document.name == name:
            del run.taken[name]
            self._steps.done(source)
            run.batch.report.done(name)

    def _take(self, source: str, read: Readout, run: _Run) -> None:
        """Takes one document of a source, unless it is as it was.

        In the commit that takes the document with the source's own name, the parts that the
        source has no more go. So a source is unchanged only when all of it was taken.
        """
        document = read.document
        is_whole = document.name == source
        if self._is_indexed(document.name, document.content_hash, run):
            if is_whole:
                run.outcome.unchanged.append(source)
            return
        passages = self._passages(source, document)
        if is_whole:
            for gone in _documents_of(source, run.known) - run.taken[source]:
                run.batch.forget(gone)
        # Where a reader made its files, they stay only until the next source is asked for.
        tables = self._tables.hold(read.tables) if self._tables else ()
        run.batch.take(replace(read, tables=tables), passages)

    def _passages(self, source: str, document: Document) -> list[Passage]:
        """Splits a document. Raises SourceError where that cannot be done."""
        with unreadable(source):
            passages = self._steps.split(document)
            if not passages:
                raise SourceError(
                    "there is no text in it", hint="If it is a scan, it needs OCR first."
                )
            document.text.encode()  # the store can hold no lone surrogates
        return passages

    def _not_taken(self, name: str, error: SourceError, taken: set[str], run: _Run) -> None:
        is_known = name in run.known
        if isinstance(error.__cause__, OSError):
            if "://" in name:  # no file: the reader's own words say more than the system's
                run.outcome.not_reached(name, error, is_kept=is_known)
            else:
                run.outcome.not_opened(name, error.__cause__, is_kept=is_known)
            return
        run.outcome.not_read(name, error, was_known=is_known)
        for document in sorted(_documents_of(name, run.known) | (taken - {name})):
            run.batch.forget(document)

    def _commit(self, run: _Run) -> None:
        """Embeds what was read, saves the texts, then replaces the passages in one commit."""
        batch, known = run.batch, run.known
        if not batch.names:
            return
        vectors = {} if run.force else self._vectors_of(batch.names, known)
        rows = self._embedded(batch, vectors)
        for readout in batch.readouts:
            document = readout.document
            self._texts.save(document)
            if self._tables is not None:
                self._tables.keep(document.name, document.content_hash, readout.tables)
        self._store.replace(batch.names, rows)
        for readout in batch.readouts:
            if source_of(readout.document.name) == readout.document.name:
                was_known = readout.document.name in known
                run.outcome.indexed(readout.document, was_known=was_known)
        run.outcome.passages += len(rows)
        batch.clear()

    def _vectors_of(self, names: Sequence[str], known: Mapping[str, str]) -> dict[str, Vectors]:
        """What is embedded already of the documents that are replaced, by the embedded text."""
        changed = [name for name in names if name in known]
        if not changed:
            return {}
        stored = self._store.snapshot().stored(changed)
        return {self._steps.embedding_text(passage): vector for passage, vector in stored}

    def _embedded(self, batch: _Batch, known: Mapping[str, Vectors]) -> list[IndexedPassage]:
        """The batch's passages with vectors; those of `known` texts are not embedded again."""
        rows = []
        for start in range(0, len(batch.rows), _EMBED_AT_ONCE):
            part = batch.rows[start : start + _EMBED_AT_ONCE]
            texts = [self._steps.embedding_text(passage) for passage, _ in part]
            new = [text for text in dict.fromkeys(texts) if text not in known]
            made = dict(zip(new, self._embedder.embed(new, "passage"), strict=True)) if new else {}
            rows += [
                IndexedPassage(
                    passage,
                    known[text] if text in known else made[text],
                    self._steps.terms(passage),
                    content_hash,
                )
                for (passage, content_hash), text in zip(part, texts, strict=True)
            ]
            batch.report.embedded(len(part))
        return rows

    def _forget(self, names: Sequence[str], outcome: Outcome) -> None:
        for start in range(0, len(names), _REMOVE_AT_ONCE):
            chunk = names[start : start + _REMOVE_AT_ONCE]
            self._store.replace(chunk, [])
            outcome.removed.extend(chunk)

    def _tidy(self) -> None:
        self._store.optimize()
        documents = self._store.snapshot().documents()
        self._texts.collect(documents)
        if self._tables is not None:
            self._tables.collect(documents)


def _documents_of(source: str, known: Mapping[str, str]) -> set[str]:
    """The indexed documents of a source: that with its name and its parts."""
    return {name for name in known if source_of(name) == source}


class _Report:
    """Counts for a progress display, where there is one."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self._progress = progress
        self._total = total
        self._done = 0
        self._passages = 0
        self._current = ""

    def more(self) -> None:
        self._total += 1

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


class _Batch:
    """Documents read but not committed yet. `names` also has those that lose their passages."""

    def __init__(self, limits: BatchLimits, report: _Report) -> None:
        self._limits = limits
        self.report = report
        self.clear()

    def clear(self) -> None:
        self.names: list[str] = []
        self.readouts: list[Readout] = []
        self.rows: list[tuple[Passage, str]] = []
        self._since = time.monotonic()

    def take(self, readout: Readout, passages: Sequence[Passage]) -> None:
        document = readout.document
        self.names.append(document.name)
        self.readouts.append(readout)
        self.rows += [(passage, document.content_hash) for passage in passages]

    def forget(self, name: str) -> None:
        """The document loses its passages, those too that were taken but not committed yet."""
        self.readouts = [one for one in self.readouts if one.document.name != name]
        self.rows = [one for one in self.rows if one[0].document != name]
        self.names.append(name)

    def is_full(self) -> bool:
        return bool(self.names) and (
            len(self.rows) >= self._limits.passages
            or len(self.names) >= self._limits.documents
            or time.monotonic() - self._since >= self._limits.seconds
        )


@dataclass(frozen=True, slots=True)
class _Run:
    """What one call of `add` knows and gathers; `taken` are the documents of unfinished sources."""

    known: Mapping[str, str]
    batch: _Batch
    outcome: Outcome
    force: bool
    taken: dict[str, set[str]] = field(default_factory=dict)
