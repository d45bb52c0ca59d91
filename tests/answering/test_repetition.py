"""A model that begins to repeat itself is stopped; everything else passes unchanged."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pakar.answering.repetition import RepetitionGuard


def through(pieces: list[str]) -> tuple[str, bool]:
    guard = RepetitionGuard()
    shown = ""
    for piece in pieces:
        shown += guard.add(piece)
        if guard.stopped:
            return shown, True
    shown += guard.finish()
    return shown, guard.stopped


def test_a_repeated_sentence_is_not_shown_again() -> None:
    text = "A cheque book costs 50 rupees. A cheque book costs 50 rupees. A cheque book costs"
    assert through(list(text)) == ("A cheque book costs 50 rupees. ", True)


def test_a_repeated_list_item_is_found_behind_another_number() -> None:
    text = "1. Visit your home branch\n2. Bring your passport\n3. Visit your home branch\n4. Sign"
    shown, stopped = through([text])
    assert stopped
    assert shown.rstrip() == "1. Visit your home branch\n2. Bring your passport"


def test_a_repetition_that_the_answer_ends_in_is_not_shown() -> None:
    shown, stopped = through(["Fees are due yearly.\n", "Fees are due yearly."])
    assert (shown, stopped) == ("Fees are due yearly.\n", True)


def test_the_same_words_in_a_loop_stop_the_model() -> None:
    _, stopped = through(["a ", *["stand-up stand-out "] * 30])
    assert stopped


@pytest.mark.parametrize(
    "text",
    [
        "A small locker costs 1,500 rupees. A small locker costs less than a large one.",
        "- Dhaka\n- Sylhet\n- Dhaka North\n",
        "Yes. Yes. It is free.",
        "It is 3.5% p.a. from Jan. 2023. It is more in Nepal.",
    ],
)
def test_an_answer_without_repetition_passes_unchanged(text: str) -> None:
    assert through(list(text)) == (text, False)


@given(st.text(alphabet="ab .\n1", max_size=80), st.integers(1, 7))
def test_what_is_shown_is_a_beginning_of_what_was_written(text: str, size: int) -> None:
    shown, stopped = through([text[at : at + size] for at in range(0, len(text), size)])
    assert text.startswith(shown)
    assert stopped or shown == text


def test_a_repetition_is_found_behind_another_source_number() -> None:
    shown, stopped = through(["1. [1] Branches in Bhutan\n2. [2] Branches in Bhutan\n"])
    assert stopped
    assert shown.rstrip() == "1. [1] Branches in Bhutan"
