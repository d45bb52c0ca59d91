"""Finds passages by meaning and by words, and ranks them by both.

Knows the ports of store, embedder and re-ranker, and how their scores come together. Does not
know how passages were made or what becomes of the hits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import get_args

import numpy as np

from pakar.config import Retrieval
from pakar.errors import ConfigError
from pakar.ports import Embedder, Filter, Reranker, Scored, Snapshot, Vectors, VectorStore
from pakar.retrieval.fuse import add_support, fuse
from pakar.retrieval.query import query_terms, question_language
from pakar.types import Hit, Passage, PassageKind

# Learned on the development company (docs/measurements.md).
SUPPORT_WEIGHT = 0.2
EVERYTHING = Filter()
MayRead = Callable[[str], bool]
_KINDS = get_args(PassageKind)


@dataclass(frozen=True, slots=True)
class Retriever:
    """Searches the newest version of a store. Safe to share between threads.

    With `may_read`, a test of document names, other documents are as if they were not there.
    """

    store: VectorStore
    embedder: Embedder
    settings: Retrieval
    reranker: Reranker | None = None
    may_read: MayRead | None = None

    def among(self, may_read: MayRead | None) -> Retriever:
        """The same among the documents that a reader may read."""
        return replace(self, may_read=may_read)

    def search(self, question: str, *, k: int, where: Filter = EVERYTHING) -> list[Hit]:
        """The `k` best passages, the best first; fewer where fewer pass the filter.

        A blank question finds nothing. Raises ConfigError for a `k` below 1 and for a kind of
        passages that there is not.
        """
        _check(k, where)
        if not question.strip():
            return []
        snapshot = self.store.snapshot()
        allowed = _allowed(snapshot, where, self.may_read)
        if allowed is None:
            return []
        limit = max(self.settings.candidates, k)
        vector = self.embedder.embed([question], "query")[0]
        terms = query_terms(question, self._languages(snapshot))
        near, found = _both(snapshot, vector, terms, limit, allowed)
        hits = self._rank(snapshot, vector, near, found)
        if self.reranker is not None:
            hits = _rerank(self.reranker, question, hits[: max(k, self.settings.rerank)])
        return hits[:k]

    def language(self, question: str) -> str:
        """The language to answer in."""
        return question_language(question, self._languages(self.store.snapshot()))

    def similarities(self, question: str, texts: Sequence[str]) -> list[float]:
        """Cosine similarity of each text to the question, all embedded the same way."""
        if not texts:
            return []
        vectors = self.embedder.embed([question, *texts], "query")
        return [float(value) for value in vectors[1:] @ vectors[0]]

    @property
    def embedder_spec(self) -> str:
        return self.embedder.info.spec

    def _languages(self, snapshot: Snapshot) -> list[str]:
        counts = snapshot.languages()
        return sorted(counts, key=lambda language: (-counts[language], language))

    def _rank(
        self, snapshot: Snapshot, vector: Vectors, near: list[Scored], found: list[Scored]
    ) -> list[Hit]:
        passages = {one.passage.id: one.passage for one in [*near, *found]}
        cosines = {one.passage.id: one.score for one in near}
        missing = [key for key in passages if key not in cosines]
        cosines |= _cosines(snapshot.vectors(missing), vector)
        bm25 = {one.passage.id: one.score for one in found}
        fused = fuse(cosines, bm25, vector_weight=self.settings.vector_weight)
        documents = {key: passage.document for key, passage in passages.items()}
        fused = add_support(fused, documents, weight=SUPPORT_WEIGHT)
        hits = [
            Hit(passage, fused[key], _named(vector=cosines.get(key), words=bm25.get(key)))
            for key, passage in passages.items()
        ]
        return sorted(hits, key=lambda hit: (-hit.score, hit.document, hit.start))


def _allowed(snapshot: Snapshot, where: Filter, may_read: MayRead | None) -> Filter | None:
    """The filter, narrowed to what may be read of this very snapshot; None where nothing is left.

    The store gets the shorter of two lists: what may be found, or what may not.
    """
    if may_read is None:
        return where
    names = where.documents or tuple(snapshot.documents())
    readable = tuple(name for name in names if may_read(name))
    if not readable:
        return None
    denied = tuple(name for name in names if not may_read(name))
    if where.documents or len(readable) < len(denied):
        return replace(where, documents=readable)
    return replace(where, denied=denied)


def _check(k: int, where: Filter) -> None:
    if k < 1:
        raise ConfigError(f"{k} passages cannot be searched for", hint="Ask for 1 or more.")
    for kind in where.kinds:
        if kind not in _KINDS:
            raise ConfigError(
                f"there is no kind {kind!r} of passages", hint=f"Known: {', '.join(_KINDS)}."
            )


def _both(
    snapshot: Snapshot, vector: Vectors, terms: Sequence[str], limit: int, where: Filter
) -> tuple[list[Scored], list[Scored]]:
    with ThreadPoolExecutor(max_workers=1) as pool:
        words = pool.submit(snapshot.search_terms, terms, limit, where)
        near = snapshot.search_vector(vector, limit, where)
        return near, words.result()


def _cosines(vectors: Mapping[str, Vectors], query: Vectors) -> dict[str, float]:
    return {key: float(np.dot(vector, query)) for key, vector in vectors.items()}


def _rerank(reranker: Reranker, question: str, hits: Sequence[Hit]) -> list[Hit]:
    scores = reranker.score(question, [_reranked_text(hit.passage) for hit in hits])
    rescored = [
        replace(hit, score=score, scores={**hit.scores, "fused": hit.score, "rerank": score})
        for hit, score in zip(hits, scores, strict=True)
    ]
    return sorted(rescored, key=lambda hit: (-hit.score, hit.document, hit.start))


def _reranked_text(passage: Passage) -> str:
    return f"{passage.context}\n{passage.text}" if passage.context else passage.text


def _named(*, vector: float | None, words: float | None) -> dict[str, float]:
    scores = {"vector": vector, "words": words}
    return {name: score for name, score in scores.items() if score is not None}
