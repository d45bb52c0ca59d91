"""What must not be learned goes out, with the reason and what it repeats."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_examples import pair

from pakar.language.near import jaccard, near_copies, numbers, pieces
from pakar.training.clean import Exam, clean
from pakar.training.leaks import HeldOut, Thresholds
from pakar.training.personal import personal_data

HELD = HeldOut(
    "How can I open a locker at the bank?",
    ("Bring your passport, sign the agreement and pay the yearly deposit.",),
)


def test_duplicates_and_near_duplicates_go_out_once() -> None:
    first = pair(
        "What does a cheque book cost at the bank today?", "It costs 50 rupees at every branch."
    )
    again = pair(
        "What does a cheque book cost at the bank today", "It costs 50 rupees, at every branch!"
    )
    near = pair(
        "What does a cheque book cost at the bank today?", "It costs 50 rupees at every branch now."
    )
    other = pair(
        "What does a cheque book cost at the bank today?", "It costs 60 rupees at every branch now."
    )
    done = clean([first, again, near, other], Exam())
    assert done.kept == (first, other)
    assert done.counts == {"duplicate": 1, "near duplicate": 1}


def test_ten_thousand_identical_ones_are_one() -> None:
    same = [pair("What is the fee?", "50 rupees.")] * 10_000
    start = time.perf_counter()
    assert len(clean(same, Exam()).kept) == 1
    assert time.perf_counter() - start < 5


@pytest.mark.parametrize(
    ("question", "answer", "how"),
    [
        ("how can I open a locker at the bank", "Ask.", "same question"),
        ("How do I open a locker at the bank?", "Ask.", "nearly the same question"),
        (
            "What is needed for a safe?",
            "Sign the agreement, bring your passport, pay the yearly deposit.",
            "same fact",
        ),
    ],
)
def test_a_leak_of_a_held_out_question_goes_out(question: str, answer: str, how: str) -> None:
    done = clean([pair(question, answer)], Exam([HELD]))
    assert done.kept == ()
    assert [(one.why, one.how, one.other) for one in done.dropped] == [("leak", how, HELD.question)]


def test_a_like_question_of_another_thing_is_no_leak() -> None:
    held = HeldOut("How many branches does the bank have in Tokyo?")
    example = pair("How many branches does the bank have in Oslo?", "Four.")
    assert clean([example], Exam([held])).kept == (example,)


def test_a_paraphrase_is_known_by_its_cosine_and_its_answer() -> None:
    asked = pair("Which steps lead to a safe?", "Passport, sign the agreement, pay a deposit.")
    beside = pair("Which steps lead to a card?", "Call the hotline.")
    cosines = {asked.question: 0.95, beside.question: 0.95, HELD.question: 1.0}

    def embed(texts: list[str]) -> np.ndarray:
        return np.array([[cosines[one], 0.0] for one in texts], dtype=np.float32)

    done = clean([asked, beside], Exam([HELD], embed, Thresholds(0.94, 0.99)))  # type: ignore[arg-type]
    assert done.kept == (beside,)
    assert done.dropped[0].how == "same question in other words"


@given(st.lists(st.text("ab 12", max_size=14), max_size=12), st.sampled_from([0.5, 0.7, 0.9, 1.0]))
def test_near_copies_equal_those_of_comparing_all(texts: list[str], threshold: float) -> None:
    expected: dict[int, int] = {}
    for number, text in enumerate(texts):
        for other in range(number):
            same = numbers(text) == numbers(texts[other])
            close = jaccard(pieces(text), pieces(texts[other])) >= threshold
            if other not in expected and same and close:
                expected[number] = other
                break
    assert near_copies(texts, threshold) == expected


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("Write to budi.santoso@mail.co.id.", ("e-mail",)),
        ("Write to support@bank.example or loans@bank.example.", ()),
        ("Call 0812-3456-7890.", ("phone",)),
        ("Call +91 98765 43210.", ("phone",)),
        ("Call 1800-123-4567 or 020-3289 2101.", ()),
        ("NIK 3174054501900002", ("nik",)),
        ("Card 4111 1111 1111 1111", ("card",)),
        ("Card 4111 1111 1111 1112", ()),
        ("IBAN DE89 3704 0044 0532 0130 00", ("iban",)),
        ("IFSC ZXIN0001201, pin 411001", ()),
    ],
)
def test_personal_data_is_named(text: str, kinds: tuple[str, ...]) -> None:
    assert personal_data(text) == kinds
