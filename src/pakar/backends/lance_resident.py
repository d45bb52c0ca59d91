"""All rows of one small version in memory: an exact search costs one product of a matrix.

Asking LanceDB costs milliseconds of processor time for each question, however few rows there are;
a server with many readers feels that before anything else. Knows rows and filters. Knows nothing
of files, and is made anew for each version.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from pakar.backends.lance_schema import PASSAGE_COLUMNS, scored
from pakar.ports import Filter, Scored, Vectors
from pakar.types import Passage

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

RESIDENT_COLUMNS = [*PASSAGE_COLUMNS, "id", "heading_path", "vector"]


class ResidentRows:
    """Rows with RESIDENT_COLUMNS and `_rowid`, of one version that does not change.

    Safe to share between threads.
    """

    def __init__(self, rows: pa.Table) -> None:
        matrix = rows["vector"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
        dimensions = rows.schema.field("vector").type.list_size
        self._vectors: Vectors = matrix.reshape(rows.num_rows, dimensions)
        lengths = np.linalg.norm(self._vectors, axis=1)
        self._lengths = np.maximum(lengths, np.finfo(np.float32).tiny)
        self._rows = rows.drop_columns(["vector", "_rowid"]).combine_chunks()
        self._by_row_id = {key: at for at, key in enumerate(rows["_rowid"].to_pylist())}
        self._by_id = {key: at for at, key in enumerate(rows["id"].to_pylist())}
        # Made when they are found first: most of a table never is.
        self._passages: dict[int, Passage] = {}

    def nearest(self, vector: Vectors, limit: int, where: Filter) -> list[Scored]:
        """The best by cosine similarity among those that the filter lets through."""
        direction = np.asarray(vector, dtype=np.float32)
        length = np.float32(np.linalg.norm(direction) or 1.0)
        cosines = self._vectors @ (direction / length) / self._lengths
        allowed = self._allowed(where)
        places = np.arange(len(cosines)) if allowed is None else np.flatnonzero(allowed)
        if len(places) > limit:
            best = np.argpartition(-cosines[places], limit - 1)[:limit]
            places = places[best]
        places = places[np.argsort(-cosines[places], kind="stable")]
        return self._scored(places.tolist(), cosines[places].tolist())

    def found(self, row_ids: Sequence[int], scores: Sequence[float]) -> list[Scored]:
        """The passages of these row ids, with these scores."""
        return self._scored([self._by_row_id[key] for key in row_ids], scores)

    def vectors(self, ids: Sequence[str]) -> Mapping[str, Vectors]:
        """The vectors of the passages with these ids; unknown ids are left out."""
        return {key: self._vectors[self._by_id[key]] for key in ids if key in self._by_id}

    def _scored(self, places: Sequence[int], scores: Sequence[float]) -> list[Scored]:
        new = [place for place in places if place not in self._passages]
        if new:
            made = scored(self._rows.take(new).select(PASSAGE_COLUMNS), [0.0] * len(new))
            self._passages |= {place: one.passage for place, one in zip(new, made, strict=True)}
        return [
            Scored(self._passages[place], score)
            for place, score in zip(places, scores, strict=True)
        ]

    def _allowed(self, where: Filter) -> NDArray[np.bool_] | None:
        """One truth value a row; None where the filter lets everything through."""
        import pyarrow as pa
        import pyarrow.compute as pc

        masks = []
        if where.documents:
            masks.append(pc.is_in(self._rows["document"], pa.array(where.documents)))
        if where.denied:
            masks.append(pc.invert(pc.is_in(self._rows["document"], pa.array(where.denied))))
        if where.kinds:
            masks.append(pc.is_in(self._rows["kind"], pa.array(where.kinds)))
        if where.heading:
            wanted = where.heading.casefold()
            masks.append(pc.match_substring(self._rows["heading_path"], wanted))
        if not masks:
            return None
        allowed = np.ones(self._rows.num_rows, dtype=np.bool_)
        for mask in masks:
            allowed &= mask.to_numpy().astype(np.bool_)
        return allowed
