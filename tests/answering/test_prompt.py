"""The prompt fits by count, whatever the room, and shows what matters most."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_hits import document, hit

from pakar.answering.prompt import Prompt, base_prompt, in_reading_order, rag_prompt
from pakar.answering.wording import wording
from pakar.errors import ModelError
from pakar.testing import ScriptedModel
from pakar.types import Hit, Message

COUNT = ScriptedModel([]).count_tokens
WORDS = st.lists(st.sampled_from("fee locker. bank 500 rupees! year".split()), min_size=1)
TEXTS = WORDS.map(" ".join)


def characters(messages: Sequence[Message]) -> int:
    """Counts as a tokenizer does that joins letters over white space."""
    return len(" ".join(message.content for message in messages)) // 3


def made(texts: Sequence[str]) -> list[Hit]:
    """Hits of two documents, the best first, in no reading order."""
    documents = [document(name, "\n\n".join(texts)) for name in ("one", "two")]
    hits = []
    at = 0
    for number, text in enumerate(texts):
        source = documents[number % 2]
        hits.append(hit(source, at, at + len(text), score=1.0 - number / 100))
        at += len(text) + 2
    return hits[::-1]


def rag(
    hits: Sequence[Hit], room: int, history: Sequence[Message] = (), question: str = "Which fee?"
) -> Prompt:
    return rag_prompt(question, hits, history, wording=wording("en"), count_tokens=COUNT, room=room)


def chat(*texts: str) -> list[Message]:
    turns = []
    for number, text in enumerate(texts):
        turns += [Message("user", f"question {number} {text}"), Message("assistant", text)]
    return turns


@settings(deadline=None)
@given(
    st.lists(TEXTS, max_size=6),
    st.lists(TEXTS, max_size=4),
    st.integers(0, 300),
    st.sampled_from([COUNT, characters]),
)
def test_every_prompt_fits_its_room(
    texts: list[str], said: list[str], room: int, count: object
) -> None:
    hits, history = made(texts), chat(*said)
    for build in (
        lambda: rag_prompt("Which fee?", hits, history, wording=wording("en"),
                           count_tokens=count, room=room),
        lambda: base_prompt("Which fee?", history, wording=wording("en"),
                            count_tokens=count, room=room),
    ):  # fmt: skip
        try:
            prompt = build()
        except ModelError as error:
            assert str(room) in str(error)
            continue
        assert count(prompt.messages) <= room
        assert prompt.messages[0].role == "system"
        assert "Which fee?" in prompt.messages[-1].content
        _check_history(prompt.messages[1:-1], history)
        shown = list(prompt.hits)
        assert all(one.text in prompt.messages[-1].content for one in shown)


def _check_history(kept: Sequence[Message], history: Sequence[Message]) -> None:
    assert list(kept) == list(history[len(history) - len(kept) :])
    assert [message.role for message in kept] == ["user", "assistant"] * (len(kept) // 2)


@given(st.lists(TEXTS, min_size=1, max_size=6), st.integers(90, 200))
def test_the_best_passages_that_fit_are_shown_in_reading_order(texts: list[str], room: int) -> None:
    hits = made(texts)
    prompt = rag(hits, room)
    assert prompt.left_out == len(hits) - len(prompt.hits)
    if prompt.hits and prompt.hits[0].text == hits[0].text:
        assert list(prompt.hits) == in_reading_order(hits[: len(prompt.hits)])
    content = prompt.messages[-1].content
    places = [content.index(f"[{number}] ") for number in range(1, len(prompt.hits) + 1)]
    assert places == sorted(places)


def test_reading_order_keeps_documents_together_the_best_first() -> None:
    one, two = document("one", "a b c d"), document("two", "a b c d")
    hits = [hit(two, 4, 5), hit(one, 2, 3), hit(two, 0, 1), hit(one, 0, 1)]
    assert [(one.document, one.start) for one in in_reading_order(hits)] == [
        ("two", 0), ("two", 4), ("one", 0), ("one", 2),
    ]  # fmt: skip


def test_a_first_passage_that_is_too_long_is_cut_after_a_whole_sentence() -> None:
    sentences = [f"Sentence number {number} says a thing." for number in range(60)]
    source = document("long", "Before it. " + " ".join(sentences))
    long = hit(source, len("Before it. "))
    prompt = rag([long, hit(document("next", "Short."))], 200)
    (shown,) = prompt.hits
    assert source.text[shown.start : shown.end] == shown.text
    assert shown.start == long.start
    assert shown.text.endswith("says a thing.")
    assert len(shown.text) < len(long.text)
    assert COUNT(prompt.messages) <= 200
    one_more = sentences[shown.text.count("says")]
    assert COUNT(prompt.messages) + len(one_more.split()) > 200
    assert prompt.left_out == 1


def test_the_newest_exchanges_are_kept_and_the_passages_have_their_share() -> None:
    history = chat(*(f"{word} " * 20 for word in "one two three four five six".split()))
    prompt = rag(made(["A fee. " * 10] * 3), 500, history)
    kept = list(prompt.messages[1:-1])
    assert 0 < len(kept) < len(history)
    assert kept == history[-len(kept) :]
    assert len(prompt.hits) == 3


def test_a_turn_without_its_other_half_is_left_out() -> None:
    history = [
        Message("assistant", "Welcome."),
        *chat("fifty"),
        Message("user", "this one was interrupted"),
    ]
    prompt = rag(made(["A fee."]), 1000, history)
    assert list(prompt.messages[1:-1]) == chat("fifty")


def test_a_question_without_room_is_a_model_error_that_names_the_numbers() -> None:
    for room in (-5, 0, 20):
        with pytest.raises(ModelError, match=str(room)) as raised:
            rag([], room)
        assert raised.value.hint


def test_nothing_in_a_question_or_passage_is_taken_for_a_placeholder() -> None:
    source = document("odd", "Costs $question and ${passages} and {room} %s.")
    prompt = rag([hit(source)], 1000, question="Is $passages $5?")
    assert source.text in prompt.messages[-1].content
    assert "Is $passages $5?" in prompt.messages[-1].content
