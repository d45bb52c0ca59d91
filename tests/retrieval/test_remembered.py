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


def test_what_was_embedded_before_is_embedded_no_more_and_has_the_same_vector() -> None:
    inner = Counting()
    embedder = RememberingEmbedder(inner)
    first = embedder.embed(["What does it cost?"], "query")
    expected = first.copy()
    first[:] = 0.0
    np.testing.assert_array_equal(embedder.embed(["What does it cost?"], "query"), expected)
    assert inner.calls == [["What does it cost?"], []]
    for texts in (["a", "b"], ["b", "c", "b"], ["c"]):
        np.testing.assert_array_equal(
            embedder.embed(texts, "passage"), HashEmbedder(32).embed(texts, "passage")
        )
    assert inner.calls[2:] == [["a", "b"], ["c"], []]
    assert embedder.embed([], "query").shape == (0, 32)
    assert embedder.info == inner.info


def test_a_question_is_not_taken_for_the_same_words_in_a_passage() -> None:
    inner = Counting()
    embedder = RememberingEmbedder(inner)
    embedder.embed(["a"], "query")
    embedder.embed(["a"], "passage")
    assert inner.calls == [["a"], ["a"]]


def test_of_very_many_texts_the_oldest_is_forgotten() -> None:
    inner = Counting()
    embedder = RememberingEmbedder(inner)
    embedder.embed([f"sentence {number}" for number in range(5000)], "passage")
    embedder.embed(["sentence 4999"], "passage")
    assert inner.calls[-1] == []
    embedder.embed(["sentence 0"], "passage")
    assert inner.calls[-1] == ["sentence 0"]
