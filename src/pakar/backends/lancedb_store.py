"""Keeps passages in LanceDB: one table, one commit a change, a fixed version per reader.

Knows commits, indexes and what may be deleted when. How a version is read is in `lance_snapshot`,
how rows look in `lance_schema`. Nothing leaves the machine: the database is
opened by its path, which keeps LanceDB in this process.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from pakar.backends.lance_errors import REINDEX, translated
from pakar.backends.lance_filter import among
from pakar.backends.lance_schema import TABLE, schema, to_arrow
from pakar.backends.lance_snapshot import EmptySnapshot, LanceSnapshot
from pakar.errors import IndexMismatchError, StoreError
from pakar.ports import IndexedPassage, Snapshot

if TYPE_CHECKING:
    from lancedb import Session
    from lancedb.db import DBConnection
    from lancedb.index import IndexConfig
    from lancedb.table import Table

# With fewer dimensions one bit each is too coarse.
_FEWEST_FOR_BITS = 256

# When there is something to tidy: more than one row in this many is outside the index of words, or
# there are more files of rows or more versions than these.
_LARGEST_SHARE_OUTSIDE = 200
_MOST_FRAGMENTS = 32
_MOST_VERSIONS = 100
# Each run adds a segment to the index of vectors, and every search looks into all of them.
_MOST_SEGMENTS = 4

# LanceDB would keep up to a gigabyte of the lists of files that earlier commits made.
_METADATA_CACHE = 16 * 2**20
_NEVER = timedelta(days=36_500)
# Two changes further apart than this never get the same time, on any file system.
_CLOCK_GRAIN_NS = 2_000_000_000
# More than passes between reading the clock here and in Lance.
_UNTIL_CLEANED = timedelta(seconds=2)


class LanceStore:
    """A VectorStore in a folder of its own.

    `dimensions` is the length of every vector. A snapshot stays readable for `keep` after a
    newer version has replaced it. Up to `in_memory` passages are searched in memory (15 MB for
    10,000 vectors of 384 numbers, and their texts). From `index_above` passages on, vectors are
    searched through an index instead of one by one.

    One process writes at a time (the caller holds a lock); any number read, also while it writes.
    """

    def __init__(
        self,
        path: Path,
        dimensions: int,
        *,
        keep: timedelta = timedelta(minutes=10),
        index_above: int = 10_000,
        in_memory: int = 10_000,
    ) -> None:
        self._path = path
        self._dimensions = dimensions
        self._keep = keep
        self._index_above = index_above
        self._in_memory = in_memory
        self._lock = threading.Lock()
        self._writer: Table | None = None
        self._latest: Table | None = None
        self._snapshot: LanceSnapshot | None = None
        # The time of the last change that the snapshot has seen, where no later one can equal it.
        self._settled: int | None = None
        self._session: Session | None = None

    def snapshot(self) -> Snapshot:
        """The newest complete version. Equal versions share one object."""
        with self._lock, translated(self._path):
            if self._latest is None:
                self._latest = self._open()
            if self._latest is None:
                return EmptySnapshot()
            changed, now = self._last_change(), time.time_ns()
            if self._snapshot is not None and changed == self._settled:
                return self._snapshot
            self._settled = changed if now - changed > _CLOCK_GRAIN_NS else None
            self._latest.checkout_latest()
            version = self._latest.version
            if self._snapshot is None or self._snapshot.version != version:
                table, most = self._pinned(version), self._in_memory
                self._snapshot = LanceSnapshot(table, version, self._path, in_memory=most)
            return self._snapshot

    def _last_change(self) -> int:
        """When a version was written or cleared away; a look costs microseconds, LanceDB's 1 ms."""
        return self._versions.stat().st_mtime_ns

    @property
    def _versions(self) -> Path:
        return self._path / f"{TABLE}.lance" / "_versions"

    def replace(self, documents: Sequence[str], rows: Sequence[IndexedPassage]) -> None:
        """In one commit: forget all that these documents had, and keep `rows` instead.

        Raises StoreError where the rows read back are not those written; the version before is
        then the newest again.
        """
        foreign = {row.passage.document for row in rows} - set(documents)
        if foreign:
            raise ValueError(f"rows of documents that are not being replaced: {sorted(foreign)}")
        if not documents or (not rows and self._open() is None):
            return
        with translated(self._path):
            table = self._writable()
            before = table.version
            concerned = among("document", sorted(set(documents)))
            batch = to_arrow(rows, self._dimensions)
            if not batch.num_rows:
                table.delete(concerned)
            elif table.count_rows(concerned):
                _merge(table, batch, concerned)
            else:  # nothing to replace: merging would read the whole table, vectors and all
                table.add(batch)
            kept = table.count_rows(concerned)
        if kept != batch.num_rows:
            table.restore(before)
            raise StoreError(
                f"{self._path}: wrote {batch.num_rows} passages but read back {kept}",
                hint="The version before was restored. Check the disk, then run it again.",
            )

    def optimize(self) -> None:
        """Merges small files, brings the indexes up to date, frees what no reader needs.

        Rows outside the indexes are found all the same, one by one. So nothing is done while
        they and the files are few: an update of one document in a large table stays quick.
        """
        if self._open() is None:
            return
        with translated(self._path):
            table = self._writable()
            if not _is_due(table):
                return
            self._index_vectors(table)
            table.optimize(cleanup_older_than=_NEVER)
            # The caller's lock makes this the only writer, so files of no version are left
            # behind by a killed one and can go.
            table.optimize(cleanup_older_than=self._safe_age(table), delete_unverified=True)

    def count(self) -> int:
        """Passages in the newest version."""
        with translated(self._path):
            table = self._open()
            return 0 if table is None else int(table.count_rows())

    def _safe_age(self, table: Table) -> timedelta:
        """Versions older than this were replaced by a newer one more than `keep` ago.

        Lance compares a version's own age, but a reader may have opened a version that was
        old and still the newest a moment ago. So the newest version older than `keep` stays.
        """
        now = datetime.now(UTC)
        versions = table.list_versions()
        ages = sorted(now - version["timestamp"].astimezone(UTC) for version in versions)
        return next((age for age in ages if age > self._keep), self._keep) + _UNTIL_CLEANED

    def _index_vectors(self, table: Table) -> None:
        """Makes the index of vectors, or makes it anew where it has outgrown its parts."""
        if table.count_rows() < self._index_above:
            return
        index = _index_of(table, "vector")
        is_outgrown = index is not None and (
            index.num_segments > _MOST_SEGMENTS or index.num_unindexed_rows > index.num_indexed_rows
        )
        if index is None or is_outgrown:
            table.create_index("vector", config=_vector_index(self._dimensions))

    def _writable(self) -> Table:
        """The table at its newest version, made with its word index where it is missing."""
        if self._writer is None:
            table = self._open()
            if table is None:
                table = self._connection().create_table(TABLE, schema=schema(self._dimensions))
            if _index_of(table, "terms") is None:
                _index_words(table)
            self._writer = table
        self._writer.checkout_latest()
        return self._writer

    def _open(self) -> Table | None:
        # Connecting creates the folder, which a reader must not do.
        if not self._versions.is_dir():
            return None
        with translated(self._path):
            table = self._connection().open_table(TABLE)
            found = table.schema.field("vector").type.list_size
        if found != self._dimensions:
            raise IndexMismatchError(
                f"{self._path}: holds vectors of {found} numbers, the embedder gives "
                f"{self._dimensions}",
                hint=REINDEX,
            )
        return table

    def _pinned(self, version: int) -> Table:
        table = self._connection().open_table(TABLE)
        table.checkout(version)
        return table

    def _connection(self) -> DBConnection:
        # LanceDB's engine writes its warnings to stderr, which belongs to the command line.
        os.environ.setdefault("LANCEDB_LOG", "error")
        import lancedb

        if self._session is None:
            self._session = lancedb.Session(metadata_cache_size_bytes=_METADATA_CACHE)
        return lancedb.connect(self._path, session=self._session)


def _merge(table: Table, batch: object, concerned: str) -> None:
    merge = table.merge_insert("id").when_matched_update_all().when_not_matched_insert_all()
    merge.when_not_matched_by_source_delete(concerned).execute(batch)


def _index_of(table: Table, column: str) -> IndexConfig | None:
    return next((index for index in table.list_indices() if column in index.columns), None)


def _is_due(table: Table) -> bool:
    index = _index_of(table, "terms")
    outside = table.count_rows() if index is None else index.num_unindexed_rows
    return (
        outside * _LARGEST_SHARE_OUTSIDE > table.count_rows()
        or table.stats()["fragment_stats"]["num_fragments"] > _MOST_FRAGMENTS
        or len(table.list_versions()) > _MOST_VERSIONS
    )


def _vector_index(dimensions: int) -> object:
    """Parts by k-means; within a part one bit a dimension (RabitQ) where there are enough.

    RabitQ (Gao and Long, SIGMOD 2024) needs whole bytes, and with few dimensions it is too coarse.
    """
    from lancedb.index import IvfFlat, IvfRq

    kind = IvfRq if dimensions >= _FEWEST_FOR_BITS and dimensions % 8 == 0 else IvfFlat
    return kind(distance_type="cosine")


def _index_words(table: Table) -> None:
    from lancedb.index import FTS

    # The terms are final: split at spaces and do nothing else. Long ones are kept too.
    plain = FTS(
        base_tokenizer="whitespace",
        max_token_length=None,
        lower_case=False,
        stem=False,
        remove_stop_words=False,
        ascii_folding=False,
    )
    table.create_index("terms", config=plain)
