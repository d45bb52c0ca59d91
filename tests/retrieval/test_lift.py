"""Summaries find what they sum up, and are not shown in its place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pakar.backends.lancedb_store import LanceStore
from pakar.config import Retrieval
from pakar.language.terms import terms
from pakar.ports import Filter, IndexedPassage
from pakar.retrieval.lift import lifted, reaches
from pakar.retrieval.search import Retriever
from pakar.testing import HashEmbedder
from pakar.types import Passage

EMBEDDER = HashEmbedder()
SCORES = st.dictionaries(st.sampled_from("abcdef"), st.floats(0, 1))


@given(SCORES, SCORES, st.floats(0, 1))
def test_a_summary_lifts_never_lowers_and_never_above_its_own_score(
    scores: dict[str, float], summaries: dict[str, float], weight: float
) -> None:
    made = lifted(scores, summaries, weight=weight)
    assert made.keys() == scores.keys()
    for key, score in scores.items():
        assert score <= made[key] <= max(score, summaries.get(key, 0.0)) + 1e-9
        if key not in summaries or weight == 0:
            assert made[key] == score


def test_a_summarised_document_is_looked_into_only_where_it_can_come_among_the_best() -> None:
    text = Passage("a.md", 0, 1, "a")
    other = Passage("b.md", 0, 1, "b")
    summary = Passage("c.md", 0, 9, "c", kind="summary")
    found = {one.id: one for one in (text, other, summary)}
    scores = {text.id: 0.9, other.id: 0.2, summary.id: 1.0}
    assert not reaches(found, scores, 1, 0.3)
    assert reaches(found, scores, 2, 0.3)
    assert reaches(found, scores, 3, 0.0)


def passages() -> list[Passage]:
    """Many memos with a word of the question; a report without one, but for its summary."""
    memos = [
        Passage(f"memo-{number:02}.md", 0, len(text), text)
        for number in range(30)
        for text in [f"Memo {number}: what did the storm take?"]
    ]
    texts = ["Pumps ran for nine days.", "Nine pumps ran in July.", "Walls dry by May."]
    report = [
        Passage("report.md", at * 100, at * 100 + len(text), text) for at, text in enumerate(texts)
    ]
    summary = "The storm damage of the year and what its repair took."
    return [*memos, *report, Passage("report.md", 0, 300, summary, "summary")]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> LanceStore:
    everything = passages()
    made = LanceStore(tmp_path_factory.mktemp("index"), EMBEDDER.info.dimensions)
    vectors = EMBEDDER.embed([one.text for one in everything], "passage")
    rows = [
        IndexedPassage(one, vector, terms(one.text, "en"), "hash")
        for one, vector in zip(everything, vectors, strict=True)
    ]
    made.replace(sorted({one.document for one in everything}), rows)
    made.optimize()
    return made


QUESTION = "What did the repair of the storm damage take?"


def test_content_that_no_search_proposes_is_found_by_its_summary(store: LanceStore) -> None:
    few = Retrieval(candidates=10, summary_weight=1.0)
    hits = Retriever(store, EMBEDDER, few).search(QUESTION, k=3)
    assert [hit.document for hit in hits] == ["report.md"] * 3
    assert all(hit.kind == "content" and hit.scores["summary"] > 0 for hit in hits)
    without = Retrieval(candidates=10, summary_weight=0.0)
    hits = Retriever(store, EMBEDDER, without).search(QUESTION, k=3)
    assert "report.md" not in {hit.document for hit in hits}
    assert all("summary" not in hit.scores for hit in hits)


def test_summaries_are_shown_only_when_their_kind_is_asked_for(store: LanceStore) -> None:
    retriever = Retriever(store, EMBEDDER, Retrieval(summary_weight=1.0))
    assert {hit.kind for hit in retriever.search(QUESTION, k=100)} == {"content"}
    (found,) = retriever.search(QUESTION, k=9, where=Filter(kinds=("summary",)))
    assert found.text.startswith("The storm damage")


def test_a_summary_that_may_not_be_read_lifts_nothing(store: LanceStore) -> None:
    retriever = Retriever(store, EMBEDDER, Retrieval(summary_weight=1.0))
    mine = retriever.among(lambda name: name != "report.md").search(QUESTION, k=100)
    assert {hit.document for hit in mine} == {f"memo-{number:02}.md" for number in range(30)}
    assert all("summary" not in hit.scores for hit in mine)
