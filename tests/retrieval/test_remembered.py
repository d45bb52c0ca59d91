"""A question that was embedded before costs nothing and gives the same vector."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pakar.ports import TextRole, Vectors
from pakar.retrieval.remembered import RememberingEmbedder
from pakar.testing import HashEmbedder


class Counting(HashEmbedder):
    def __init__(self) -> None:
        super().__init__(32)
        self.calls: list[list[str]] = []

    def embed(self, texts: Sequence[str], role: TextRole) -> Vectors:
        self.calls.append(list(texts))
        return super().embed(texts, role)


def test_the_same_question_is_embedded_once_and_nothing_else_is_remembered() -> None:
    inner = Counting()
    embedder = RememberingEmbedder(inner)
    first = embedder.embed(["What does it cost?"], "query")
    expected = first.copy()
    first[:] = 0.0
    np.testing.assert_array_equal(embedder.embed(["What does it cost?"], "query"), expected)
    assert inner.calls == [["What does it cost?"]]
    for texts, role in ((["What does it cost?"], "passage"), (["a", "b"], "query")):
        for _ in range(2):
            np.testing.assert_array_equal(
                embedder.embed(texts, role), HashEmbedder(32).embed(texts, role)
            )
    assert len(inner.calls) == 5
    assert embedder.info == inner.info


def test_of_many_questions_the_oldest_is_forgotten() -> None:
    inner = Counting()
    embedder = RememberingEmbedder(inner)
    for number in range(300):
        embedder.embed([f"question {number}"], "query")
    embedder.embed(["question 299"], "query")
    assert len(inner.calls) == 300
    embedder.embed(["question 0"], "query")
    assert len(inner.calls) == 301
