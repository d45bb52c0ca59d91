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
from pakar.retrieval.lift import best_summaries, lifted, reaches, summed_up
from pakar.retrieval.query import query_terms, question_language
from pakar.types import Hit, Passage, PassageKind

# Learned on the development company (docs/measurements.md).
SUPPORT_WEIGHT = 0.2
# The passages of so many documents are looked at because their summaries were found.
_LIFTED_DOCUMENTS = 3
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
        sought = _Sought(snapshot, vector, terms, limit, allowed)
        wanted = k if self.reranker is None else max(k, self.settings.rerank)
        hits = self._ranked(sought) if where.kinds else self._content(sought, wanted)
        if self.reranker is not None:
            hits = _rerank(self.reranker, question, hits[:wanted])
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

    def nearness(self, question: str, texts: Sequence[str]) -> list[float]:
        """The same, the texts embedded as passages: comparable with a hit's own similarity."""
        if not texts:
            return []
        vector = self.embedder.embed([question], "query")[0]
        return [float(value) for value in self.embedder.embed(texts, "passage") @ vector]

    @property
    def embedder_spec(self) -> str:
        return self.embedder.info.spec

    def _languages(self, snapshot: Snapshot) -> list[str]:
        counts = snapshot.languages()
        return sorted(counts, key=lambda language: (-counts[language], language))

    def _ranked(self, sought: _Sought) -> list[Hit]:
        """Passages of the kinds that were asked for, summaries like all others."""
        found = sought.candidates()
        return _hits(found, self._fused(found), {})

    def _content(self, sought: _Sought, k: int) -> list[Hit]:
        """What can be quoted; what sums it up counts for it."""
        weight = self.settings.summary_weight
        found = sought.candidates()
        if weight == 0:
            found = found.verbatim()
        fused = self._fused(found)
        documents = summed_up(found.passages, fused, _LIFTED_DOCUMENTS)
        # Another search, which costs a fifth more: not where it can bring nothing among the best.
        if documents and reaches(found.passages, fused, k, weight + SUPPORT_WEIGHT):
            floor = min(found.cosines.values())
            found = found.with_those(sought.among(documents))
            fused = self._fused(found, floor)
        summaries = best_summaries(found.passages.items(), fused)
        content = found.verbatim()
        own = {key: fused[key] for key in content.passages}
        return _hits(content, lifted(own, summaries, weight=weight), summaries)

    def _fused(self, found: _Found, floor: float | None = None) -> dict[str, float]:
        weight = self.settings.vector_weight
        return fuse(found.cosines, found.bm25, vector_weight=weight, floor=floor)


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


@dataclass(frozen=True, slots=True)
class _Found:
    """Candidates by id, with the scores of the two searches; all have a cosine."""

    passages: dict[str, Passage]
    cosines: dict[str, float]
    bm25: dict[str, float]

    def verbatim(self) -> _Found:
        kept = {key: one for key, one in self.passages.items() if one.is_verbatim}
        cosines = {key: score for key, score in self.cosines.items() if key in kept}
        bm25 = {key: score for key, score in self.bm25.items() if key in kept}
        return _Found(kept, cosines, bm25)

    def with_those(self, other: _Found) -> _Found:
        return _Found(
            other.passages | self.passages,
            other.cosines | self.cosines,
            other.bm25 | self.bm25,
        )


@dataclass(frozen=True, slots=True)
class _Sought:
    """A question as both searches want it, and where they look."""

    snapshot: Snapshot
    vector: Vectors
    terms: Sequence[str]
    limit: int
    where: Filter

    def candidates(self) -> _Found:
        near, words = self._both()
        passages = {one.passage.id: one.passage for one in [*near, *words]}
        cosines = {one.passage.id: one.score for one in near}
        missing = [key for key in passages if key not in cosines]
        cosines |= _cosines(self.snapshot.vectors(missing), self.vector)
        return _Found(passages, cosines, {one.passage.id: one.score for one in words})

    def among(self, documents: Sequence[str]) -> _Found:
        """The candidates of these documents alone."""
        where = replace(self.where, documents=tuple(documents))
        return replace(self, where=where).candidates()

    def _both(self) -> tuple[list[Scored], list[Scored]]:
        with ThreadPoolExecutor(max_workers=1) as pool:
            words = pool.submit(self.snapshot.search_terms, self.terms, self.limit, self.where)
            near = self.snapshot.search_vector(self.vector, self.limit, self.where)
            return near, words.result()


def _hits(
    found: _Found,
    scores: Mapping[str, float],
    summaries: Mapping[str, float],
) -> list[Hit]:
    """The best first; a document's second good passage supports the first."""
    documents = {key: passage.document for key, passage in found.passages.items()}
    supported = add_support(scores, documents, weight=SUPPORT_WEIGHT)
    hits = [
        Hit(
            passage,
            supported[key],
            _named(
                vector=found.cosines.get(key),
                words=found.bm25.get(key),
                summary=summaries.get(key),
            ),
        )
        for key, passage in found.passages.items()
    ]
    return sorted(hits, key=lambda hit: (-hit.score, hit.document, hit.start))


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


def _named(*, vector: float | None, words: float | None, summary: float | None) -> dict[str, float]:
    scores = {"vector": vector, "words": words, "summary": summary}
    return {name: score for name, score in scores.items() if score is not None}
