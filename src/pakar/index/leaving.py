"""A store that notes what leaves it: for the history, and for the proof that it is gone.

Wraps any VectorStore. Before passages are replaced, those that a version of the history names go
to files, and a sample stays in memory for the probe.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from heapq import nlargest

from pakar.backends.row_files import RowFiles
from pakar.ports import IndexedPassage, Snapshot, VectorStore

# Enough to notice an index that was not brought up to date; each costs two searches.
_MOST_SAMPLES = 50
_SAMPLES_A_DOCUMENT = 3


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where rows go that leave, and for which documents (name and content hash) they do."""

    files: RowFiles
    named: Collection[tuple[str, str]]


class LeavingStore:
    """A VectorStore; `left` holds some of the passages that were replaced through it."""

    def __init__(self, store: VectorStore, shelf: Shelf | None) -> None:
        self._store = store
        self._shelf = shelf
        # Of the beginning: what this run itself writes is in no version and need not be kept.
        self._known = dict(store.snapshot().documents())
        self.left: list[IndexedPassage] = []

    def snapshot(self) -> Snapshot:
        return self._store.snapshot()

    def replace(self, documents: Sequence[str], rows: Sequence[IndexedPassage]) -> None:
        """As the store's own; what the documents had is kept first."""
        leaving = [name for name in dict.fromkeys(documents) if name in self._known]
        before = self._store.snapshot()
        for name in leaving:
            self._keep(before, name, self._known.pop(name))
        self._store.replace(documents, rows)

    def optimize(self) -> None:
        self._store.optimize()

    def count(self) -> int:
        return self._store.count()

    def _keep(self, before: Snapshot, name: str, content_hash: str) -> None:
        shelf = self._shelf
        wanted = shelf is not None and (name, content_hash) in shelf.named
        if shelf is not None and wanted and not shelf.files.has(name, content_hash):
            shelf.files.save(name, content_hash, before.rows([name]))
        if len(self.left) < _MOST_SAMPLES:
            own = (row for row in before.rows([name]) if row.passage.is_verbatim)
            self.left += nlargest(_SAMPLES_A_DOCUMENT, own, key=_length)


def _length(row: IndexedPassage) -> int:
    return len(row.passage.text)
