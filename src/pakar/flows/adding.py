"""Documents into the index and out of it: discover, read, split, embed; under the writer's lock.

Holds no logic of a step; the order in which things are committed is the indexer's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from pakar.documents.discover import Discovery, Found, discover
from pakar.documents.split import embedding_text
from pakar.documents.tables.address import is_address
from pakar.documents.unpack import Unpacker, label
from pakar.errors import ExpertError
from pakar.flows import indexed
from pakar.flows.index_in_force import fitting, new_manifest, no_documents_yet, require_fitting
from pakar.flows.keeping import Keeper
from pakar.flows.reading import SourceReader, fingerprint
from pakar.flows.summarising import Summariser
from pakar.flows.workplace import Workplace
from pakar.index import generations, manifest
from pakar.index.build import Indexer, Progress, Steps
from pakar.index.changes import is_below
from pakar.index.lock import writing
from pakar.index.manifest import Manifest
from pakar.language.terms import terms
from pakar.ports import VectorStore
from pakar.types import AddReport, Failure, Passage

OnWait = Callable[[str], None]
PARTS = "parts"


def add(
    place: Workplace,
    sources: Sequence[str | Path],
    *,
    progress: Progress | None = None,
    on_wait: OnWait | None = None,
    only: Callable[[Path], bool] | None = None,
) -> AddReport:
    """Indexes what is new or changed; without sources, looks through all that were ever added.

    `only` says which files are looked at; what is indexed of the others stays.
    """
    with writing(place.derived, on_wait=on_wait):
        index = place.index
        known = fitting(place, index)
        found = _discovered(place, sources, known)
        wanted = (known or new_manifest(place)).with_roots(found.roots)
        manifest.save(index, wanted)
        looked_at = [one for one in found.found if only is None or only(one.path)]
        held = sorted({one.name for one in found.found} - {one.name for one in looked_at})
        keeper = Keeper(place, index, wanted)
        summariser = Summariser(place)
        indexer = _indexer(place, index, keeper.store, summariser)
        report = indexer.add(looked_at, found.roots, progress=progress, held=held)
        report = keeper.finish(report, "add")
    return _with_notes(report, found, summariser)


def remove(
    place: Workplace, documents: Sequence[str], *, on_wait: OnWait | None = None
) -> AddReport:
    """Takes documents, or whole folders of them, out of the index."""
    with writing(place.derived, on_wait=on_wait):
        index = place.index
        known = require_fitting(place, index)
        # Named before they are removed: afterwards nothing tells a name from a path.
        names = indexed.named(place, documents)
        keeper = Keeper(place, index, known)
        indexer = _indexer(place, index, keeper.store, Summariser(place))
        report = indexer.remove(indexed.expanded(place, names))
        gone = [
            root
            for root in known.roots
            if any(is_below(root, name) for name in names if name.strip())
        ]
        left = known.without_roots(gone)
        manifest.save(index, left)
        return keeper.finish(report, "remove", left)


def reindex(
    place: Workplace, *, progress: Progress | None = None, on_wait: OnWait | None = None
) -> AddReport:
    """Builds the index anew; the old one answers until the new one takes over."""
    with writing(place.derived, on_wait=on_wait):
        known = manifest.load(place.index)
        if known is None:
            raise no_documents_yet()
        old = known.roots
        index = generations.following(place.derived)
        found = _discovered(place, (), known) if old else Discovery()
        # A source that is missing today is looked for again tomorrow.
        wanted = new_manifest(place).with_roots(old)
        manifest.save(index, wanted)
        keeper = Keeper(place, index, wanted)
        summariser = Summariser(place)
        indexer = _indexer(place, index, keeper.store, summariser)
        report = indexer.add(found.found, found.roots, progress=progress)
        generations.take_over(place.derived, index)
        report = keeper.finish(report, "reindex")
    return _with_notes(report, found, summariser)


def _discovered(
    place: Workplace, sources: Sequence[str | Path], known: Manifest | None
) -> Discovery:
    if not sources and not (known and known.roots):
        raise ExpertError(
            "nothing to add: no source was named and none is known",
            hint="Name files or folders: pakar add documents/",
        )
    seconds = place.config.tables.seconds
    if sources or known is None:
        return discover([str(source) for source in sources], place.folder, seconds=seconds)
    roots = [root if is_address(root) else str(place.folder / root) for root in known.roots]
    return discover(roots, place.folder, place.folder, seconds=seconds)


def _indexer(
    place: Workplace, index: Path, store: VectorStore, summariser: Summariser
) -> Indexer[Found]:
    reader = SourceReader(place.config, place.derived)
    parts = Unpacker(place.derived / PARTS, place.config.documents, reader.open_mail)
    steps = Steps(
        read=reader.read,
        split=summariser.split,
        embedding_text=embedding_text,
        terms=_terms,
        fingerprint=fingerprint,
        expand=parts.expand,
        label=label,
        done=parts.done,
        skipped=parts.skipped,
    )
    tables = place.tables(index)
    return Indexer(steps, place.embedder, store, place.texts, tables=tables)


def _terms(passage: Passage) -> list[str]:
    return terms(f"{passage.context}\n{passage.text}", passage.language)


def _with_notes(report: AddReport, found: Discovery, summariser: Summariser) -> AddReport:
    skipped = tuple(Failure(one.name, one.reason, "") for one in found.skipped)
    return replace(
        report,
        failed=(*found.failures, *report.failed),
        skipped=(*skipped, *report.skipped),
        warnings=(*report.warnings, *summariser.notes),
    )
