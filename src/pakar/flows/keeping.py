"""What follows every change of the index: the proof that old text is gone, and a new version.

Puts the parts of the history in sequence. Knows nothing of reading, splitting or embedding.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from pakar.flows.workplace import Workplace
from pakar.index import manifest
from pakar.index.leaving import LeavingStore, Shelf
from pakar.index.manifest import Manifest
from pakar.index.probe import probe
from pakar.index.versions import Version
from pakar.types import AddReport


class Keeper:
    """Goes along with one change of the index in the folder `index`. The caller holds the lock."""

    def __init__(self, place: Workplace, index: Path, known: Manifest) -> None:
        archive, store = place.archive, place.store(index)
        self._archive = archive
        self._known = known
        self._texts = place.texts
        self._inner = store
        if archive.settings.versions and store.count():
            self._note("found")  # made by an older pakar, or what a killed run left
        shelf = Shelf(archive.files(known), archive.named()) if archive.settings.versions else None
        self.store = LeavingStore(store, shelf)

    def finish(self, report: AddReport, command: str, known: Manifest | None = None) -> AddReport:
        """The report with what the probe found; the index as it is now becomes a version."""
        self._known = known or self._known
        probed = probe(self.store.left, self._inner.snapshot(), self._texts)
        if self._archive.settings.versions:
            self._note(command)
        self._prune()
        return replace(report, failed=(*report.failed, *probed.found), probed=probed.sentences)

    def _note(self, command: str) -> None:
        """Records the index as a version where it is another one than the newest."""
        log, snapshot = self._archive.log, self._inner.snapshot()
        documents = dict(snapshot.documents())
        newest = log.newest()
        settings = manifest.binding(self._known)
        if newest is None and not documents:
            return
        if newest and (dict(newest.documents), dict(newest.settings)) == (documents, settings):
            return
        number = newest.number + 1 if newest else 1
        passages = sum(snapshot.languages().values())
        created = datetime.now(UTC).isoformat(timespec="seconds")
        log.write(
            Version(number, created, command, passages, documents, self._known.roots, settings)
        )

    def _prune(self) -> None:
        kept = self._archive.settings
        log = self._archive.log
        log.prune(kept.versions, kept.days)
        files = self._archive.files(self._known)
        files.collect(self._shelved())
        versions = log.load()
        while len(versions) > 1 and self._megabytes() > kept.megabytes:
            log.delete(versions.pop(0).number)
            files.collect(self._shelved())

    def _megabytes(self) -> float:
        return self._archive.megabytes(self._texts, self._inner.snapshot().documents())

    def _shelved(self) -> set[tuple[str, str]]:
        """What a kept version holds and the index itself does not."""
        now: Mapping[str, str] = self._inner.snapshot().documents()
        return self._archive.named() - set(now.items())
