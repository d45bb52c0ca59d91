"""Searching: by meaning and by words, every score named, filters kept, odd input survived."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pakar.backends.lancedb_store import LanceStore
from pakar.config import Retrieval
from pakar.errors import ConfigError
from pakar.language.terms import terms
from pakar.ports import Filter, IndexedPassage
from pakar.retrieval.search import Retriever
from pakar.testing import HashEmbedder
from pakar.types import Passage, PassageKind

EMBEDDER = HashEmbedder()


def passage(
    name: str, text: str, *, start: int = 0, kind: PassageKind = "content", heading: str = "",
    language: str = "en",
) -> Passage:  # fmt: skip
    headings = (heading,) if heading else ()
    return Passage(name, start, start + len(text), text, kind, name, headings, None, language)


PASSAGES = [
    passage("fees.md", "A cheque book costs 50 rupees.", heading="Fees"),
    passage("fees.md", "A large locker costs 4,500 rupees a year.", start=40, heading="Fees"),
    passage("cards.md", "Lost debit cards are blocked by telephone.", heading="Lost cards"),
    passage("table.xlsx", "Locker: large | Fee: 4,500", kind="row"),
    passage("kartu.md", "Biaya penggantian kartu yang hilang.", language="id"),
]


def store_of(folder: Path, passages: Sequence[Passage]) -> LanceStore:
    store = LanceStore(folder, EMBEDDER.info.dimensions)
    vectors = EMBEDDER.embed([one.text for one in passages], "passage")
    rows = [
        IndexedPassage(one, vector, terms(one.text, one.language), "hash")
        for one, vector in zip(passages, vectors, strict=True)
    ]
    store.replace(sorted({one.document for one in passages}), rows)
    store.optimize()
    return store


@pytest.fixture(scope="module")
def retriever(tmp_path_factory: pytest.TempPathFactory) -> Retriever:
    store = store_of(tmp_path_factory.mktemp("index"), PASSAGES)
    return Retriever(store, EMBEDDER, Retrieval())


def test_the_best_comes_first_and_every_hit_says_its_scores(retriever: Retriever) -> None:
    hits = retriever.search("What does a cheque book cost?", k=9)
    assert hits[0].text == "A cheque book costs 50 rupees."
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    query = EMBEDDER.embed(["What does a cheque book cost?"], "query")[0]
    for hit in hits:
        own = EMBEDDER.embed([hit.text], "passage")[0]
        assert hit.scores["vector"] == pytest.approx(float(own @ query), abs=1e-5)
        assert set(hit.scores) <= {"vector", "words"}
    assert "words" in hits[0].scores
    assert any("words" not in hit.scores for hit in hits)


@pytest.mark.parametrize(
    ("where", "documents"),
    [
        (Filter(documents=("cards.md",)), {"cards.md"}),
        (Filter(documents=("cards.md", "kartu.md")), {"cards.md", "kartu.md"}),
        (Filter(kinds=("row",)), {"table.xlsx"}),
        (Filter(heading="lost CARDS"), {"cards.md"}),
        (Filter(heading="fees", kinds=("content",)), {"fees.md"}),
        (Filter(heading="fees", kinds=("row",)), set()),
        (Filter(documents=("x' OR 1=1 --",)), set()),
        (Filter(heading="%"), set()),
    ],
)
def test_filters_let_only_through_what_they_name(
    retriever: Retriever, where: Filter, documents: set[str]
) -> None:
    found = retriever.search("large locker fee card", k=9, where=where)
    assert {hit.document for hit in found} == documents


@pytest.mark.parametrize("question", ["", "   ", "\n\t", "\u3000"])
def test_a_blank_question_finds_nothing(retriever: Retriever, question: str) -> None:
    assert retriever.search(question, k=3) == []


def test_more_than_there_is_gives_all_that_there_is(retriever: Retriever) -> None:
    assert len(retriever.search("locker", k=1000)) == len(PASSAGES)
    assert len(retriever.search("locker", k=2)) == 2


def test_what_makes_no_sense_is_an_error(retriever: Retriever) -> None:
    for k in (0, -3):
        with pytest.raises(ConfigError, match=str(k)):
            retriever.search("locker", k=k)
    with pytest.raises(ConfigError, match="'rows'") as raised:
        retriever.search("locker", k=3, where=Filter(kinds=("rows",)))
    assert "row" in raised.value.hint


def test_an_empty_index_finds_nothing(tmp_path: Path) -> None:
    empty = Retriever(LanceStore(tmp_path, EMBEDDER.info.dimensions), EMBEDDER, Retrieval())
    assert empty.search("locker", k=3) == []


def test_the_words_weight_is_the_settings(retriever: Retriever) -> None:
    words = Retriever(retriever.store, EMBEDDER, Retrieval(vector_weight=0.0))
    hits = words.search("telephone", k=9)
    assert hits[0].document == "cards.md"
    assert all(hit.score == 0 for hit in hits[1:])


def test_indonesian_words_find_their_stems_in_a_mixed_index(retriever: Retriever) -> None:
    words = Retriever(retriever.store, EMBEDDER, Retrieval(vector_weight=0.0))
    hits = words.search("Bagaimana cara mengganti kartu?", k=1)
    assert hits[0].document == "kartu.md"
    assert words.language("Bagaimana cara mengganti kartu?") == "id"


class Backwards:
    """A re-ranker that likes short texts; it notes what it was shown."""

    def __init__(self) -> None:
        self.shown: list[str] = []

    def score(self, query: str, texts: Sequence[str]) -> list[float]:
        self.shown = list(texts)
        return [-float(len(text)) for text in texts]


def test_a_reranker_has_the_last_word_over_the_best_few(retriever: Retriever) -> None:
    reranker = Backwards()
    made = Retriever(retriever.store, EMBEDDER, Retrieval(rerank=3), reranker)
    hits = made.search("locker", k=2)
    assert len(reranker.shown) == 3
    lengths = [len(hit.text) + len(hit.passage.context) for hit in hits]
    assert lengths == sorted(lengths)
    before = {hit.passage.id: hit.score for hit in retriever.search("locker", k=3)}
    for hit in hits:
        assert hit.score == hit.scores["rerank"] < 0
        assert hit.scores["fused"] == before[hit.passage.id]


def test_equal_scores_have_a_fixed_order(tmp_path: Path) -> None:
    same = [passage(f"{name}.md", "The very same words.") for name in "dbca"]
    made = Retriever(store_of(tmp_path, same), EMBEDDER, Retrieval())
    assert [hit.document for hit in made.search("same words", k=9)] == [
        "a.md", "b.md", "c.md", "d.md",
    ]  # fmt: skip


@settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(question=st.text(max_size=40))
def test_any_question_is_answered_in_bounds(retriever: Retriever, question: str) -> None:
    hits = retriever.search(question, k=4)
    assert len(hits) <= 4
    assert all(0 <= hit.score <= 1.2 + 1e-6 for hit in hits)
    assert len({hit.passage.id for hit in hits}) == len(hits)
