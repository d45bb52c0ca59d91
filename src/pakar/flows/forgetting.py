"""`pakar remove --forget`: a document leaves the index, its history and all derived files.

The index is written anew without it, as a database keeps deleted rows in its files. At the end the
bytes of all derived files are searched for its sentences. What the user owns is only looked at.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from pakar.flows import indexed
from pakar.flows.adapters import adapters
from pakar.flows.index_in_force import require_fitting
from pakar.flows.keeping import Keeper
from pakar.flows.workplace import Workplace
from pakar.index import generations, manifest
from pakar.index.bytes_on_disk import holding, holds, needles, without
from pakar.index.changes import is_below
from pakar.index.lock import writing
from pakar.index.manifest import Manifest
from pakar.language.sentences import sentence_spans
from pakar.types import AddReport, Failure

OnWait = Callable[[str], None]
Pair = tuple[str, str]

_AT_ONCE = 500
_MOST_SENTENCES = 200
_SHORTEST = 25
_RECORDS = frozenset({"answers", "comparisons", "training"})
_RECORD_ENDINGS = frozenset({".jsonl", ".json", ".html", ".md"})
_NONE = "no such document in the index or its history"


def forget(
    place: Workplace, documents: Sequence[str], *, on_wait: OnWait | None = None
) -> AddReport:
    """Removes documents, or folders of them, for good; those too that only the history has.

    If it is killed, running it again finishes the work.
    """
    started = time.monotonic()
    with writing(place.derived, on_wait=on_wait):
        index = place.index
        known = require_fitting(place, index)
        keeper = Keeper(place, index, known)  # a version names the documents until the end
        now = keeper.store.snapshot().documents()
        pairs = {*place.archive.named(), *now.items()}
        written = indexed.named(place, documents, [name for name, _ in pairs])
        names = {name for name, _ in pairs if any(is_below(name, one) for one in written if one)}
        unknown = [one for one in written if not any(is_below(name, one) for name in names)]
        leaving = {pair for pair in pairs if pair[0] in names}
        sentences = _only_theirs(place, leaving, now, names)
        known = _without_roots(known, written)
        index = _rebuilt(place, index, known, names)
        notes = _purged(place, leaving, names, sentences)
        keeper = Keeper(place, index, known)
        report = keeper.finish(AddReport(), "forget")
        report = replace(
            report,
            removed=tuple(sorted(name for name in names if name in now)),
            failed=(
                *(Failure(one, _NONE, "See: pakar status, pakar history") for one in unknown),
                *_still_there(place, sentences),
            ),
            warnings=(*notes, *_learned(place, names), *_owned(place, sentences)),
            probed=len(sentences),
        )
    return replace(report, seconds=time.monotonic() - started)


def _only_theirs(
    place: Workplace, leaving: Iterable[Pair], now: Collection[str], names: Collection[str]
) -> list[str]:
    """Their longest sentences that stand in no document which stays."""
    found: set[str] = set()
    for name, content in leaving:
        if place.texts.has(name, content):
            document = place.texts.load(name, content)
            spans = sentence_spans(document.text, document.language)
            found |= {document.text[a:b] for a, b in spans if b - a >= _SHORTEST}
    wanted = sorted(found, key=lambda one: (-len(one), one))[:_MOST_SENTENCES]
    snapshot = place.reader(place.index).snapshot()
    others = [name for name in now if name not in names]
    for start in range(0, len(others), _AT_ONCE):
        for row in snapshot.rows(others[start : start + _AT_ONCE]):
            wanted = [one for one in wanted if one not in row.passage.text]
    return wanted


def _without_roots(known: Manifest, written: Sequence[str]) -> Manifest:
    gone = [root for root in known.roots if any(is_below(root, one) for one in written if one)]
    return known.without_roots(gone)


def _rebuilt(place: Workplace, index: Path, known: Manifest, names: Collection[str]) -> Path:
    """The index in a new folder, copied row by row without these documents."""
    folder = generations.following(place.derived)
    manifest.save(folder, known)
    before, after = place.store(index).snapshot(), place.store(folder)
    kept = [name for name in before.documents() if name not in names]
    for start in range(0, len(kept), _AT_ONCE):
        chunk = kept[start : start + _AT_ONCE]
        after.replace(chunk, list(before.rows(chunk)))
    after.optimize()
    pairs = {*before.documents().items(), *place.archive.named()}
    place.tables(index).copy(folder / "tables", [pair for pair in pairs if pair[0] not in names])
    generations.take_over(place.derived, folder)
    return folder


def _purged(
    place: Workplace, leaving: Collection[Pair], names: Collection[str], sentences: Sequence[str]
) -> list[str]:
    """Deletes them from texts, history and other derived files; the versions' records last."""
    for name, content in leaving:
        place.texts.forget(name, content)
    quoted, named = needles(sentences), _named(names)
    notes = []
    for path in sorted(place.derived.rglob("*")):
        if not path.is_file() or not _may_be_made_again(place, path):
            continue
        wanted = (*quoted, *named) if path.suffix == ".jsonl" else quoted
        if holds(path, wanted):
            without(path, wanted)
            notes.append(f"{path.relative_to(place.folder)}: what quoted it was deleted")
    for version in place.archive.log.load():
        documents = {n: c for n, c in version.documents.items() if n not in names}
        if len(documents) != len(version.documents):
            place.archive.log.write(replace(version, documents=documents))
    return notes


def _may_be_made_again(place: Workplace, path: Path) -> bool:
    """Records of answers and of training: nothing else is changed, least of all a database."""
    part = path.relative_to(place.derived).parts[0]
    return part in _RECORDS and path.suffix in _RECORD_ENDINGS


def _still_there(place: Workplace, sentences: Sequence[str]) -> list[Failure]:
    found = holding(place.derived, needles(sentences)) if sentences else ()
    hint = "pakar changes no such file by itself: delete what quotes it, or the file."
    return [Failure(str(path), "a forgotten sentence still stands in it", hint) for path in found]


def _learned(place: Workplace, names: Collection[str]) -> list[str]:
    return [
        f"{one.id} learned from it, and may know it by heart: delete {one.folder}"
        for one in adapters(place)
        if set(one.documents) & set(names)
    ]


def _owned(place: Workplace, sentences: Sequence[str]) -> list[str]:
    """Files of the user that quote it; they are named and stay."""
    files = [*place.examples.glob("*.jsonl"), place.questions]
    wanted = needles(sentences)
    return [
        f"{path.relative_to(place.folder)}: quotes it; that file is yours, so it stays as it is"
        for path in files
        if path.is_file() and holds(path, wanted)
    ]


def _named(names: Iterable[str]) -> tuple[bytes, ...]:
    """How a line of JSON says that it is about one of the documents."""
    return tuple(
        f'"document": {json.dumps(name, ensure_ascii=only_ascii)}'.encode("utf-8", "surrogatepass")
        for name in names
        for only_ascii in (True, False)
    )
