"""Reads one version of the table: by meaning, by words, by name.

Knows how LanceDB is asked. Knows nothing of writing or of what is newest.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pakar.backends.lance_errors import translated
from pakar.backends.lance_filter import among, condition
from pakar.backends.lance_resident import RESIDENT_COLUMNS, ResidentRows
from pakar.backends.lance_schema import PASSAGE_COLUMNS, join_terms, scored, to_rows
from pakar.ports import Filter, IndexedPassage, Scored, Vectors
from pakar.types import Passage

if TYPE_CHECKING:
    import pyarrow as pa
    from lancedb.query import LanceQueryBuilder, LanceTakeQueryBuilder
    from lancedb.table import Table

# Of an index of vectors, this many parts are looked at, and at least this many candidates get
# their exact similarity. Measured by benchmarks/search_speed.py; see benchmarks/LOG.md.
_PROBES = 20
_RESCORED = 100
# Row numbers remembered for found passages: a few megabytes.
_MOST_PLACES = 20_000
_ROWS_AT_ONCE = 1024


class LanceSnapshot:
    """One version of the table. One of at most `in_memory` rows is searched in memory."""

    def __init__(self, table: Table, version: int, path: Path, *, in_memory: int) -> None:
        self._table = table
        self._version = version
        self._path = path
        self._most_resident = in_memory
        self._lock = threading.Lock()
        self._is_small: bool | None = None
        self._resident: ResidentRows | None = None
        self._documents: Mapping[str, str] | None = None
        self._languages: Mapping[str, int] | None = None
        self._places: dict[str, int] = {}

    @property
    def version(self) -> int:
        return self._version

    def search_vector(self, vector: Vectors, limit: int, where: Filter) -> list[Scored]:
        """The nearest passages by exact cosine similarity (from -1 to 1)."""
        if limit <= 0:
            return []
        resident = self._in_memory()
        if resident is not None:
            return resident.nearest(vector, limit, where)
        with translated(self._path):
            query = self._table.search(np.asarray(vector, dtype=np.float32), "vector")
            query = query.distance_type("cosine").select([*PASSAGE_COLUMNS, "_distance"])
            query = query.with_row_id(True)
            query = query.nprobes(_PROBES).refine_factor(max(1, -(-_RESCORED // limit)))
            if sql := condition(where):
                query = query.where(sql, prefilter=True)
            found = query.limit(limit).to_arrow()
        scores = [1.0 - distance for distance in found["_distance"].to_pylist()]
        return self._remembered(found, scores)

    def search_terms(self, terms: Sequence[str], limit: int, where: Filter) -> list[Scored]:
        """The best passages by BM25 (Lance's: k1 1.2, b 0.75) over the terms."""
        from lancedb.query import MatchQuery

        words = join_terms(terms)
        if limit <= 0 or not words:
            return []
        resident = self._in_memory()
        columns = PASSAGE_COLUMNS if resident is None else []
        with translated(self._path):
            query = self._table.search(MatchQuery(words, "terms"), query_type="fts")
            query = query.select([*columns, "_score"]).with_row_id(True)
            if sql := condition(where):
                query = query.where(sql, prefilter=True)
            found = query.limit(limit).to_arrow()
        scores = found["_score"].to_pylist()
        if resident is not None:
            return resident.found(found["_rowid"].to_pylist(), scores)
        return self._remembered(found, scores)

    def documents(self) -> Mapping[str, str]:
        """Name to content hash of every document that has passages."""
        if self._documents is None:
            with translated(self._path):
                columns = ["document", "content_hash"]
                found = self._table.search().select(columns).to_arrow()
            pairs = found.group_by(columns).aggregate([])
            hashes = pairs["content_hash"].to_pylist()
            self._documents = dict(zip(pairs["document"].to_pylist(), hashes, strict=True))
        return self._documents

    def languages(self) -> Mapping[str, int]:
        """Passages by their document's language."""
        if self._languages is None:
            with translated(self._path):
                found = self._table.search().select(["language"]).to_arrow()
            self._languages = Counter(found["language"].to_pylist())
        return self._languages

    def stored(self, documents: Sequence[str]) -> list[tuple[Passage, Vectors]]:
        """All passages of these documents, each with its vector."""
        with translated(self._path):
            query = self._table.search().where(among("document", sorted(set(documents))))
            found = query.select([*PASSAGE_COLUMNS, "vector"]).to_arrow()
        if not found.num_rows:
            return []
        matrix = found["vector"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
        passages = [one.passage for one in scored(found, [0.0] * found.num_rows)]
        return list(zip(passages, matrix.reshape(found.num_rows, -1), strict=True))

    def vectors(self, ids: Sequence[str]) -> Mapping[str, Vectors]:
        """The stored vectors of the passages with these ids; unknown ids are left out.

        Those of passages that this snapshot found before are read from their places at once.
        """
        resident = self._in_memory()
        if resident is not None:
            return resident.vectors(ids)
        known = self._places
        places = [known[key] for key in dict.fromkeys(ids) if key in known]
        others = [key for key in dict.fromkeys(ids) if key not in known]
        vectors: dict[str, Vectors] = {}
        with translated(self._path):
            if places:
                vectors |= _vectors(self._table.take_row_ids(places))
            if others:
                vectors |= _vectors(self._table.search().where(among("id", others)))
        return vectors

    def rows(self, documents: Sequence[str] | None = None) -> Iterator[IndexedPassage]:
        """All that is stored of these documents, by default of all, in no order."""
        with translated(self._path):
            query = self._table.search()
            if documents is not None:
                query = query.where(among("document", documents))
            for batch in query.to_batches(_ROWS_AT_ONCE):
                yield from to_rows(batch)

    def _in_memory(self) -> ResidentRows | None:
        """All rows where they are few, read once; None where they are many."""
        with self._lock, translated(self._path):
            if self._is_small is None:
                self._is_small = self._table.count_rows() <= self._most_resident
            if self._is_small and self._resident is None:
                rows = self._table.search().select(RESIDENT_COLUMNS).with_row_id(True).to_arrow()
                self._resident = ResidentRows(rows)
            return self._resident

    def _remembered(self, found: pa.Table, scores: Sequence[float]) -> list[Scored]:
        hits = scored(found, scores)
        if len(self._places) > _MOST_PLACES:
            self._places = {}
        places = found["_rowid"].to_pylist()
        self._places |= {hit.passage.id: place for hit, place in zip(hits, places, strict=True)}
        return hits


class EmptySnapshot:
    """What a reader sees before anything was written."""

    version = 0

    def search_vector(self, vector: Vectors, limit: int, where: Filter) -> list[Scored]:
        return []

    def search_terms(self, terms: Sequence[str], limit: int, where: Filter) -> list[Scored]:
        return []

    def documents(self) -> Mapping[str, str]:
        return {}

    def languages(self) -> Mapping[str, int]:
        return {}

    def stored(self, documents: Sequence[str]) -> list[tuple[Passage, Vectors]]:
        return []

    def vectors(self, ids: Sequence[str]) -> Mapping[str, Vectors]:
        return {}

    def rows(self, documents: Sequence[str] | None = None) -> Iterator[IndexedPassage]:
        return iter(())


def _vectors(query: LanceQueryBuilder | LanceTakeQueryBuilder) -> dict[str, Vectors]:
    found = query.select(["id", "vector"]).to_arrow()
    matrix = found["vector"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
    rows = matrix.reshape(found.num_rows, -1) if found.num_rows else matrix
    return dict(zip(found["id"].to_pylist(), rows, strict=True))
