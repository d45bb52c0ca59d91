"""What an answer is worth, measure by measure, and what says nothing has no value."""

from __future__ import annotations

import dataclasses

import pytest

from pakar.errors import SourceError
from pakar.evaluation.measures import BY_NAME, MEASURES, measure
from pakar.evaluation.questions import Question
from pakar.evaluation.record import Record, hash_of
from pakar.types import Answer, Citation, Document, Hit, Passage, Timings

TEXT = "A cheque book costs 50 rupees. A locker costs 900 rupees."
ASKED = Question("q", "What does a cheque book cost?", ("A cheque book costs 50 rupees.",),
                 documents=("fees.md",))  # fmt: skip


def load(name: str) -> Document:
    if name != "fees.md":
        raise SourceError(f"no document {name!r}")
    return Document("fees.md", TEXT, "Fees", "en", "hash", "text/markdown")


def citation(**changes: object) -> Citation:
    usual = Citation("fees.md", 0, 30, TEXT[:30], 0, 30, 1.0)
    return dataclasses.replace(usual, **changes)  # type: ignore[arg-type]


def values(question: Question, **changes: object) -> dict[str, float]:
    passage = Passage("fees.md", 0, len(TEXT), TEXT)
    usual = Answer(
        TEXT[:30], "rag", citations=(citation(),), hits=(Hit(passage, 1.0),),
        timings=Timings(0.1, 0.5, 2.0),
    )  # fmt: skip
    answer = dataclasses.replace(usual, **changes)  # type: ignore[arg-type]
    record = Record("rag", question.id, hash_of(question), "print", answer, 2.0, tokens=9)
    return measure(question, record, load)


def test_a_right_answer_with_its_source() -> None:
    assert values(ASKED) == {
        "score": 1, "token_f1": 1, "exact_match": 1, "rouge_l": 1, "ndcg@10": 1, "recall@10": 1,
        "mrr": 1, "supported": 1, "verbatim": 1, "cited_right": 1, "unsupported_numbers": 0,
        "tokens": 9, "seconds": 2.0, "first_token": 0.5,
    }  # fmt: skip


def test_required_facts_decide_where_they_are_given() -> None:
    asked = dataclasses.replace(ASKED, must_contain=("50", "rupees", "March", "2024"))
    assert values(asked)["score"] == values(asked)["required"] == 0.5


def test_refusing_what_can_be_answered_scores_nothing() -> None:
    found = values(ASKED, text="I do not know.", abstained=True, citations=())
    assert found["score"] == 0
    assert found["refusal_precision"] == 0
    assert "refusal_recall" not in found and "supported" not in found


@pytest.mark.parametrize("abstained", [True, False])
def test_an_unanswerable_question_wants_a_refusal(abstained: bool) -> None:
    asked = Question("q", "Who will win?", answerable=False)
    found = values(asked, abstained=abstained)
    assert found["score"] == found["refusal_recall"] == float(abstained)
    assert ("refusal_precision" in found) is abstained
    assert "token_f1" not in found


def test_without_a_reference_there_is_no_score() -> None:
    found = values(Question("q", "What does a cheque book cost?"))
    assert "score" not in found and "token_f1" not in found
    assert found["supported"] == 1


def test_citations_that_do_not_hold() -> None:
    found = values(
        ASKED,
        citations=(
            citation(),
            citation(quote="A cheque book costs 60 rupees."),
            citation(document="gone.md"),
        ),
        unsupported=("It is blue.", "It is large.", "It is old."),
    )
    assert found["verbatim"] == pytest.approx(1 / 3)
    assert found["cited_right"] == pytest.approx(2 / 3)
    assert found["supported"] == 0.25


def test_a_route_without_passages_has_no_retrieval() -> None:
    found = values(ASKED, hits=(), citations=(), unsupported=("x",))
    assert not {"mrr", "supported", "verbatim", "unsupported_numbers"} & set(found)


def test_a_first_answer_has_no_times_and_a_failed_one_nothing() -> None:
    answer = Answer("x", "rag", timings=Timings(0.1, 0.2, 9.0))
    cold = Record("rag", "q", "h", "p", answer, 9.0, cold=True)
    assert not {"seconds", "first_token"} & set(measure(ASKED, cold, load))
    assert measure(ASKED, Record("rag", "q", "h", "p", None, 1.0, error="gone"), load) == {}


def test_every_value_has_a_measure() -> None:
    assert set(values(ASKED)) <= set(BY_NAME)
    assert len(BY_NAME) == len(MEASURES)
