"""A follow-up becomes a question that can be searched for; other questions are left alone."""

from __future__ import annotations

import pytest

from pakar.answering.followup import is_followup, standalone
from pakar.answering.wording import wording
from pakar.testing import ScriptedModel
from pakar.types import Message

ENGLISH = [
    Message("user", "What does a large locker cost?"),
    Message("assistant", "A large locker costs 4,500 rupees a year."),
]
INDONESIAN = [
    Message("user", "Berapa biaya sewa brankas besar?"),
    Message("assistant", "Sewa brankas besar 4.500 rupiah setahun."),
]


@pytest.mark.parametrize(
    ("question", "history", "language"),
    [
        ("How can I rent it?", ENGLISH, "en"),
        ("Do they need an identity card from every customer?", ENGLISH, "en"),
        ("What about small lockers in the Mumbai branch?", ENGLISH, "en"),
        ("And in the city branches of Delhi and Mumbai?", ENGLISH, "en"),
        ("Why?", ENGLISH, "en"),
        ("How much?", ENGLISH, "en"),
        ("Bagaimana cara menyewanya?", INDONESIAN, "id"),
        ("Apakah brankas itu dapat diasuransikan oleh nasabah?", INDONESIAN, "id"),
        ("Bagaimana dengan brankas kecil di cabang Jakarta?", INDONESIAN, "id"),
        ("Kenapa?", INDONESIAN, "id"),
    ],
)
def test_what_leans_on_the_conversation_is_a_follow_up(
    question: str, history: list[Message], language: str
) -> None:
    assert is_followup(question, history, language=language)
    rewritten = standalone(
        question, history, language=language, model=None, wording=wording(language)
    )
    assert rewritten == f"{history[0].content} {question}"


@pytest.mark.parametrize(
    ("question", "history", "language"),
    [
        ("Which documents are required for opening a savings account?", ENGLISH, "en"),
        ("How do I block a lost debit card?", ENGLISH, "en"),
        ("Bagaimana cara memblokir kartu debit yang hilang?", INDONESIAN, "id"),
        ("Why?", [], "en"),
        ("How can I rent it?", [Message("assistant", "Hello, how can I help?")], "en"),
    ],
)
def test_other_questions_stay_as_they_are(
    question: str, history: list[Message], language: str
) -> None:
    model = ScriptedModel([])
    found = standalone(question, history, language=language, model=model, wording=wording(language))
    assert found == question
    assert model.asked == []


def rewritten(question: str, proposal: str, *, context_tokens: int = 4096) -> str:
    model = ScriptedModel([proposal], context_tokens=context_tokens)
    return standalone(question, ENGLISH, language="en", model=model, wording=wording("en"))


def test_a_faithful_proposal_is_taken() -> None:
    assert rewritten("How can I rent it?", '"How can I rent a large locker?"') == (
        "How can I rent a large locker?"
    )


@pytest.mark.parametrize(
    "proposal",
    [
        "How can I rent a large locker in Paris?",  # invents
        "What does a large locker cost?",  # forgets what is asked
        "How can I rent?",  # adds nothing
        "A large locker can be rented.",  # is no question
        "How can I rent a large locker? What does it cost?",  # is two
        "",
    ],
)
def test_an_unfaithful_proposal_is_not(proposal: str) -> None:
    assert rewritten("How can I rent it?", proposal) == (
        "What does a large locker cost? How can I rent it?"
    )


def test_a_model_without_room_is_not_asked() -> None:
    assert rewritten("How can I rent it?", "never said", context_tokens=80) == (
        "What does a large locker cost? How can I rent it?"
    )


def test_the_topic_of_several_follow_ups_is_the_last_whole_question() -> None:
    history = [
        Message("user", "How do I block a lost debit card?"),
        Message("assistant", "By calling 1800-22-33."),
        *ENGLISH,
        Message("user", "And a small one?"),
        Message("assistant", "2,000 rupees."),
    ]
    found = standalone("Why?", history, language="en", model=None, wording=wording("en"))
    assert found == "What does a large locker cost? Why?"
