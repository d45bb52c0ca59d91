"""How long a search takes in LanceStore, without the embedder.

Writes one JSON document to stdout. The data are made up but shaped like real ones: vectors in
clusters that overlap, words with Zipf's frequencies, passages of about 120 words. Measured are
a vector search, a word search, and both as retrieval does them (100 candidates each).

    python benchmarks/search_speed.py --passages 100000 --queries 200
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pakar.backends.lancedb_store import LanceStore
from pakar.ports import Filter, IndexedPassage, Snapshot
from pakar.types import Passage

DIMENSIONS = 384
VOCABULARY = 50_000
WORDS = 120
CANDIDATES = 100
COMMIT = 5_000
QUERY_WORDS = 8
Matrix = NDArray[np.float32]


def main() -> None:
    arguments = _arguments()
    random = np.random.default_rng(7)
    cloud = Cloud(random)
    data = cloud.draw(arguments.passages)
    queries = cloud.draw(arguments.queries)
    with tempfile.TemporaryDirectory() as folder:
        path = arguments.folder or Path(folder) / "index"
        store = LanceStore(path, DIMENSIONS)
        build = _fill(store, data, random) if store.count() == 0 else None
        snapshot = store.snapshot()
        terms = [_words(random, QUERY_WORDS) for _ in queries]
        result = {
            "passages": arguments.passages,
            "queries": arguments.queries,
            "machine": f"{platform.machine()}, {platform.python_version()}",
            "build_s": build,
            "milliseconds": _times(snapshot, queries, terms),
            "recall_at_10": _recall(snapshot, queries, data),
            "megabytes": _megabytes(path),
        }
    json.dump(result, sys.stdout, indent=1)
    print()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passages", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--folder", type=Path, help="keep the index here and use it again")
    return parser.parse_args()


class Cloud:
    """Unit vectors in overlapping clusters, with a spectrum that falls as that of embeddings.

    The axis of rank i has the standard deviation i ** -0.5, then everything is rotated.
    """

    def __init__(self, random: np.random.Generator, clusters: int = 1_000) -> None:
        self._random = random
        rotation, _ = np.linalg.qr(random.standard_normal((DIMENSIONS, DIMENSIONS)))
        scale = np.arange(1, DIMENSIONS + 1)[:, None] ** -0.5
        self._axes: Matrix = (scale * rotation).astype(np.float32)
        self._centres = self._normal(clusters)

    def draw(self, count: int) -> Matrix:
        chosen = self._random.integers(len(self._centres), size=count)
        vectors: Matrix = (self._centres[chosen] + 0.7 * self._normal(count)) @ self._axes
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors

    def _normal(self, count: int) -> Matrix:
        return self._random.standard_normal((count, DIMENSIONS), dtype=np.float32)


def _words(random: np.random.Generator, count: int) -> list[str]:
    ranks = random.zipf(1.15, size=4 * count)
    return [f"w{rank}" for rank in ranks[ranks < VOCABULARY][:count]]


def _rows(data: Matrix, random: np.random.Generator) -> Iterator[IndexedPassage]:
    for number, vector in enumerate(data):
        words = _words(random, WORDS)
        document, place = f"d{number // 50}.md", number % 50 * 1_000
        text = " ".join(words)
        passage = Passage(document, place, place + len(text), text, title=document)
        yield IndexedPassage(passage, vector, words, "0" * 64)


def _fill(store: LanceStore, data: Matrix, random: np.random.Generator) -> dict[str, float]:
    writing = 0.0
    batch: list[IndexedPassage] = []
    for row in _rows(data, random):
        batch.append(row)
        if len(batch) == COMMIT:
            writing += _commit(store, batch)
            batch = []
    writing += _commit(store, batch)
    started = time.perf_counter()
    store.optimize()
    return {"write": writing, "optimize": time.perf_counter() - started}


def _commit(store: LanceStore, batch: list[IndexedPassage]) -> float:
    started = time.perf_counter()
    store.replace(sorted({row.passage.document for row in batch}), batch)
    return time.perf_counter() - started


def _times(
    snapshot: Snapshot, queries: Matrix, terms: list[list[str]]
) -> dict[str, dict[str, float]]:
    pairs = list(zip(queries, terms, strict=True))
    everything = Filter()
    with ThreadPoolExecutor(1) as thread:

        def both(query: Matrix, words: list[str]) -> None:
            by_words = thread.submit(snapshot.search_terms, words, CANDIDATES, everything)
            snapshot.search_vector(query, CANDIDATES, everything)
            by_words.result()

        def in_turn(query: Matrix, words: list[str]) -> None:
            snapshot.search_vector(query, CANDIDATES, everything)
            snapshot.search_terms(words, CANDIDATES, everything)

        return {
            "vector": _measure(
                lambda query, _: snapshot.search_vector(query, CANDIDATES, everything), pairs
            ),
            "words": _measure(
                lambda _, words: snapshot.search_terms(words, CANDIDATES, everything), pairs
            ),
            "both_in_turn": _measure(in_turn, pairs),
            "both_at_once": _measure(both, pairs),
        }


def _measure(
    search: Callable[[Matrix, list[str]], object], pairs: list[tuple[Matrix, list[str]]]
) -> dict[str, float]:
    first = time.perf_counter()
    search(*pairs[0])
    cold = time.perf_counter() - first
    for pair in pairs[:20]:
        search(*pair)
    seconds = []
    for pair in pairs:
        started = time.perf_counter()
        search(*pair)
        seconds.append(time.perf_counter() - started)
    p95 = statistics.quantiles(seconds, n=20)[-1]
    return {
        "first": round(cold * 1000, 2),
        "median": round(statistics.median(seconds) * 1000, 2),
        "p95": round(p95 * 1000, 2),
    }


def _recall(snapshot: Snapshot, queries: Matrix, data: Matrix) -> float:
    """The share of the ten truly nearest passages among the first ten found."""
    found_right = 0
    for query in queries:
        tenth = np.partition(data @ query, -10)[-10]
        hits = snapshot.search_vector(query, CANDIDATES, Filter())[:10]
        found_right += sum(hit.score >= tenth - 1e-5 for hit in hits)
    return found_right / (10 * len(queries))


def _megabytes(path: Path) -> float:
    return round(sum(file.stat().st_size for file in path.rglob("*") if file.is_file()) / 1e6, 1)


if __name__ == "__main__":
    main()
