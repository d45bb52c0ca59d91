"""Public fakes and contract checks for whoever writes a back-end of pakar.

`HashEmbedder` stands in for an embedder: same texts, same vectors, at once and offline.
`ScriptedModel` stands in for a language model: it says what it was given to say. The `check_`
functions raise AssertionError, with the values, where a back-end breaks a port's contract.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Generator, Iterator, Sequence

import numpy as np

from pakar.backends.meter import Meter, MeteredPieces
from pakar.ports import (
    Embedder,
    EmbedderInfo,
    Filter,
    Generation,
    IndexedPassage,
    ModelInfo,
    TextRole,
    Vectors,
    VectorStore,
)
from pakar.types import Message, Passage, Usage


class HashEmbedder:
    """Hashes a text's runs of three letters into a vector of unit length.

    Texts that share words get similar vectors, whatever their language. For tests only.
    """

    def __init__(self, dimensions: int = 64, max_tokens: int = 256) -> None:
        spec = f"testing:hash-{dimensions}"
        self._info = EmbedderInfo(spec, spec, dimensions, max_tokens)

    @property
    def info(self) -> EmbedderInfo:
        return self._info

    def embed(self, texts: Sequence[str], role: TextRole) -> Vectors:
        vectors = np.zeros((len(texts), self._info.dimensions), dtype=np.float32)
        for row, text in zip(vectors, texts, strict=True):
            padded = f"  {text.casefold()} "
            for start in range(len(padded) - 2):
                position, sign = self._bucket(padded[start : start + 3])
                row[position] += sign
            length = float(np.linalg.norm(row))
            if length == 0:
                row[0] = length = 1.0
            row /= length
        return vectors

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Words, plus two for the marks that models put around a text."""
        return [len(text.split()) + 2 for text in texts]

    def _bucket(self, letters: str) -> tuple[int, int]:
        digest = hashlib.blake2b(letters.encode("utf-8", "surrogatepass"), digest_size=5).digest()
        position = int.from_bytes(digest[:4], "little") % self._info.dimensions
        return position, 1 if digest[4] & 1 else -1


class ScriptedModel:
    """Says the given answers, one a call and word by word; counts words as tokens.

    `asked` holds the messages of every call, `closed` counts generations that were ended early.
    With `error`, the model writes the first word of an answer and then raises it. A call beyond
    the last answer raises AssertionError. For tests only.
    """

    def __init__(
        self,
        answers: Sequence[str],
        *,
        context_tokens: int = 4096,
        error: Exception | None = None,
    ) -> None:
        self._answers = list(answers)
        self._error = error
        self._info = ModelInfo("testing:scripted", context_tokens)
        self.asked: list[tuple[Message, ...]] = []
        self.closed = 0

    @property
    def info(self) -> ModelInfo:
        return self._info

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Words, plus three a message for the marks that templates put around it."""
        return sum(len(message.content.split()) + 3 for message in messages)

    def generate(self, messages: Sequence[Message], settings: Generation) -> Iterator[str]:
        self.asked.append(tuple(messages))
        _holds(bool(self._answers), "an answer for this call", messages)
        meter = Meter(self.count_tokens(messages))
        return MeteredPieces(self._pieces(self._answers.pop(0), settings.max_tokens, meter), meter)

    def _pieces(self, answer: str, limit: int, meter: Meter) -> Generator[str, None, None]:
        pieces = re.findall(r"\s*\S+|\s+\Z", answer)
        meter.usage = Usage(meter.usage.read, 0, cut=len(pieces) > limit)
        try:
            for piece in pieces[:limit]:
                meter.add(1)
                yield piece
                if self._error is not None:
                    raise self._error
        except GeneratorExit:
            self.closed += 1
            raise


def check_embedder(embedder: Embedder) -> None:
    """Raises AssertionError where an embedder breaks its contract."""
    info = embedder.info
    texts = ["the fee for a cheque book", "日本語 — ñandú", "x", "the fee for a cheque book"]
    vectors = embedder.embed(texts, "passage")
    _holds(vectors.shape == (len(texts), info.dimensions), "shape", vectors.shape)
    _holds(vectors.dtype == np.float32, "type", vectors.dtype)
    lengths = np.linalg.norm(vectors, axis=1)
    _holds(bool(np.allclose(lengths, 1, atol=1e-3)), "length of the vectors", lengths)
    same = float(vectors[0] @ vectors[3])
    _holds(same > 0.999, "similarity of equal texts", same)
    alone = float(embedder.embed(texts[:1], "passage")[0] @ vectors[0])
    _holds(alone > 0.999, "similarity of a text alone and in a batch", alone)
    empty = embedder.embed([], "query")
    _holds(empty.shape == (0, info.dimensions), "shape for no texts", empty.shape)
    counts = embedder.count_tokens(texts)
    _holds(len(counts) == len(texts) and min(counts) > 0, "token counts", counts)
    _holds(embedder.count_tokens([]) == [], "token counts for no texts", "not empty")


def check_vector_store(make_store: Callable[[int], VectorStore]) -> None:
    """Raises AssertionError where a store breaks its contract.

    `make_store` is called with the vectors' dimensions and returns a new, empty store.
    """
    store = make_store(4)
    _holds(store.count() == 0, "count when empty", store.count())
    _holds(store.snapshot().search_terms(["fee"], 5, Filter()) == [], "empty search", "found")
    store.replace(["a", "b"], [*_document("a", 3), *_document("b", 2)])
    before = store.snapshot()
    _check_search(store)
    store.replace(["a"], _document("a", 1, content_hash="new"))
    _holds(store.count() == 3, "count after an update", store.count())
    _holds(dict(before.documents()) == {"a": "old", "b": "old"}, "old snapshot", before.documents())
    _holds(len(before.search_terms(["fee"], 9, Filter())) == 5, "old snapshot's words", "changed")
    store.optimize()
    now = store.snapshot()
    _holds(dict(now.documents()) == {"a": "new", "b": "old"}, "documents", now.documents())
    _holds(dict(now.languages()) == {"en": 3}, "languages", now.languages())
    _holds(now.version > before.version, "versions", (before.version, now.version))
    store.replace(["b"], [])
    left = [hit.passage.document for hit in store.snapshot().search_terms(["fee"], 9, Filter())]
    _holds(left == ["a"], "documents found after a removal", left)


def _check_search(store: VectorStore) -> None:
    snapshot = store.snapshot()
    wanted = _document("b", 2)[1]
    nearest = snapshot.search_vector(wanted.vector, 2, Filter())
    _holds(nearest[0].passage == wanted.passage, "nearest", nearest)
    _holds(abs(nearest[0].score - 1) < 1e-4, "similarity with itself", nearest[0].score)
    _holds(nearest[0].score >= nearest[1].score, "order", nearest)
    only = snapshot.search_terms(["b1"], 9, Filter())
    _holds([hit.passage for hit in only] == [wanted.passage], "found by a rare term", only)
    for where in (Filter(documents=("b",)), Filter(heading="PART B")):
        found = {hit.passage.document for hit in snapshot.search_terms(["fee"], 9, where)}
        _holds(found == {"b"}, f"found with {where}", found)
        found = {hit.passage.document for hit in snapshot.search_vector(wanted.vector, 9, where)}
        _holds(found == {"b"}, f"nearest with {where}", found)
    for where in (Filter(denied=("a",)), Filter(documents=("a", "b"), denied=("a",))):
        found = {hit.passage.document for hit in snapshot.search_terms(["fee"], 9, where)}
        found |= {hit.passage.document for hit in snapshot.search_vector(wanted.vector, 9, where)}
        _holds(found == {"b"}, f"found with {where}", found)
    kept = snapshot.vectors([wanted.passage.id, "unknown"])
    _holds(list(kept) == [wanted.passage.id], "ids of vectors", list(kept))
    _holds(bool(np.allclose(kept[wanted.passage.id], wanted.vector)), "vector", kept)


def _document(name: str, passages: int, content_hash: str = "old") -> list[IndexedPassage]:
    rows = []
    for number in range(passages):
        passage = Passage(
            document=name,
            start=number * 10,
            end=number * 10 + 3,
            text="fee",
            title=name.upper(),
            headings=("Fees", f"Part {name}"),
            page=number or None,
            language="en",
        )
        vector = np.array([1, ord(name[0]) - 96, number, 0], dtype=np.float32)
        vector /= np.linalg.norm(vector)
        rows.append(IndexedPassage(passage, vector, ["fee", f"{name}{number}"], content_hash))
    return rows


def _holds(is_true: bool, what: str, value: object) -> None:
    if not is_true:
        raise AssertionError(f"{what}: {value}")
