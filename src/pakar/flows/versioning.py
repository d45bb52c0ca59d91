"""`pakar history`, `diff` and `rollback` in sequence, under the writer's lock.

What a version is and how two differ is known elsewhere.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from pakar.errors import ExpertError, StoreError
from pakar.evaluation.questions import load_questions
from pakar.flows import history, recent_answers
from pakar.flows.comparing import FOLDER as COMPARISONS
from pakar.flows.history import Difference, Shelves
from pakar.flows.index_in_force import require_fitting
from pakar.flows.keeping import Keeper
from pakar.flows.workplace import Workplace
from pakar.index import manifest
from pakar.index.lock import writing
from pakar.index.manifest import Manifest
from pakar.index.versions import Version
from pakar.ports import VectorStore
from pakar.retrieval.search import Retriever
from pakar.types import AddReport

OnWait = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Kept:
    """The versions that are kept, the oldest first, and what they take on the disk (10^6 bytes)."""

    versions: tuple[Version, ...]
    megabytes: float


def kept(place: Workplace) -> Kept:
    """The versions, as far as they are kept. Loads no model."""
    versions = tuple(place.archive.log.load())
    now = versions[-1].documents if versions else {}
    return Kept(versions, place.archive.megabytes(place.texts, now))


def rollback(place: Workplace, number: int, on_wait: OnWait | None) -> AddReport:
    """Brings a version back, as a new version. Raises StoreError where it does not fit."""
    started = time.monotonic()
    with writing(place.derived, on_wait=on_wait):
        index = place.index
        known = require_fitting(place, index)
        shelves = _shelves(place, index, known)
        version = shelves.version(number)
        history.require_fit(shelves, version)
        keeper = Keeper(place, index, known)
        before = keeper.store.snapshot().documents()
        brought = shelves.bring(version, keeper.store)
        back = brought.back
        wanted = replace(known, roots=version.roots)
        manifest.save(index, wanted)
        report = AddReport(
            added=tuple(name for name in back if name not in before),
            updated=tuple(name for name in back if name in before),
            unchanged=tuple(name for name in version.documents if name not in back),
            removed=brought.gone,
            passages=brought.passages,
            seconds=time.monotonic() - started,
        )
        return keeper.finish(report, f"rollback to {number}", wanted)


def diff(
    place: Workplace, first: int, second: int | None, *, ask: bool, on_wait: OnWait | None
) -> Difference:
    """What changed between two versions; without `second`, up to the newest."""
    with writing(place.derived, on_wait=on_wait):
        index = place.index
        shelves = _shelves(place, index, require_fitting(place, index))
        newest = place.archive.log.newest()
        if newest is None:
            raise ExpertError("this expert has no history yet", hint="Run: pakar add")
        versions = (shelves.version(first), shelves.version(second or newest.number))
        changes = history.changes(shelves, *versions)
        found = Difference(versions[0].number, versions[1].number, changes)
        return _with_answers(place, found, shelves, versions) if ask else found


def _with_answers(
    place: Workplace, found: Difference, shelves: Shelves, versions: tuple[Version, Version]
) -> Difference:
    questions = list(dict.fromkeys(_questions(place)))
    if not questions:
        return replace(found, note="no questions are known: write some in questions.jsonl")

    def opened(folder: Path) -> tuple[VectorStore, Retriever]:
        store = place.store(folder)
        return store, Retriever(store, place.embedder, place.retrieval, place.reranker)

    try:
        for version in versions:
            history.require_fit(shelves, version)
        k = place.config.retrieval.passages
        changed = history.answers(shelves, versions, questions, place.index, opened, k)
    except StoreError as error:
        return replace(found, note=f"not asked: {error}")
    return replace(found, answers=changed, asked=len(questions))


def _questions(place: Workplace) -> Iterator[str]:
    """The held-out questions, those that comparisons have asked, and those answered last."""
    files = [place.questions, *sorted((place.derived / COMPARISONS).glob("*/questions.jsonl"))]
    for file in files:
        if file.is_file():
            yield from (one.question for one in load_questions(file))
    yield from (one.question for one in recent_answers.recent(place))


def _shelves(place: Workplace, index: Path, known: Manifest) -> Shelves:
    return Shelves(place.archive, known, place.store(index), place.texts)
