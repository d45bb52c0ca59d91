"""Training text is serving text, and a refusal is never taught where the answer stands."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_examples import hit, pair, serving

from pakar.config import Examples
from pakar.training.forms import texts, training_set
from pakar.training.rewording import rewordings
from pakar.training.split import split
from pakar.types import Document, Message, Source

CITIES = ["Oslo", "Rome", "Lima", "Kyiv", "Bonn", "Cairo", "Quito", "Delhi", "Paris", "Minsk"]
HITS = [
    hit(f"{city}.md", f"The branch in {city} opened in {1900 + n} on {city} Square.")
    for n, city in enumerate(CITIES)
]
PAIRS = [
    pair(
        f"When did the branch in {city} open?",
        f"It opened in {1900 + n}.",
        Source(f"{city}.md", "", 0, 20),
    )
    for n, city in enumerate(CITIES)
]
GROUNDED = Examples(forms=["grounded"], without_source=0.0, unanswerable=0.0)


def test_a_grounded_example_shows_the_passage_that_holds_the_answer() -> None:
    made = training_set(PAIRS, serving(HITS), GROUNDED)
    assert made.counts == {"grounded": 10, "sourced": 10}
    for one, city in zip(made.examples, CITIES, strict=True):
        assert f"The branch in {city}" in one.question
        assert one.form == "grounded"
    lengths = {one.question.count("\n") for one in made.examples}
    assert lengths == {1, 2, 3}


@pytest.mark.parametrize("sentences", [1, 2])
def test_of_the_passages_only_the_sentences_are_shown_that_serving_would_show(
    sentences: int,
) -> None:
    fillers = "Coffee is free. The clerk is kind. Bring a pen."
    hits = [
        hit(
            f"{city}.md", f"The branch in {city} serves Mondays. It opened in {1900 + n}. {fillers}"
        )
        for n, city in enumerate(CITIES)
    ]
    made = training_set(PAIRS, serving(hits, sentences=sentences), GROUNDED)
    assert made.counts == {"grounded": 10, "sourced": 10}
    for number, one in enumerate(made.examples):
        # The nearest sentence names the branch; the one with the answer is shown all the same.
        assert f"It opened in {1900 + number}." in one.question
        assert (f"The branch in {CITIES[number]}" in one.question) is (sentences == 2)
        assert "Coffee" not in one.question


def test_an_answer_of_several_sentences_is_shown_all_that_it_says() -> None:
    text = "Open on Monday. The lift is new. Closed on Friday. Coffee is free."
    asked = pair("When is the branch open?", "Open on Monday, closed on Friday.")
    made = training_set([asked], serving([hit("hours.md", text)], sentences=1), GROUNDED)
    (shown,) = [one.question for one in made.examples]
    assert "Monday" in shown
    assert "Friday" in shown
    assert "Coffee" not in shown


def test_questions_of_one_passage_are_asked_of_the_same_ones_up_to_the_limit() -> None:
    asked = ["When did it open?", "Which year?", "Since when is it there?", "How old is it?"]
    siblings = [
        pair(f"{one} ({city})", f"It opened in {1900 + n}.", Source(f"{city}.md", "", 0, 20))
        for n, city in enumerate(CITIES)
        for one in asked
    ]
    for most in (1, 2, 4):
        settings = GROUNDED.model_copy(update={"same_passages": most})
        made = training_set(siblings, serving(HITS), settings)
        shown = [
            one.question[: -len(original.question)]
            for one, original in zip(made.examples, siblings, strict=True)
        ]
        assert all(shown.count(one) % most == 0 for one in shown)
        for text, number in zip(shown, range(len(shown)), strict=True):
            assert f"in {1900 + number // len(asked)} on" in text


def test_the_right_passage_is_found_by_the_answers_words_where_only_the_document_is_known() -> None:
    second = hit("Oslo.md", "Its vault holds 500 lockers of three sizes.", 200)
    example = pair("When did the branch in Oslo open?", "It opened in 1900.", Source("Oslo.md"))
    made = training_set([example], serving([second, *HITS], passages=1), GROUNDED)
    assert "1900" in made.examples[0].question


@given(st.integers(0, 50))
def test_a_refusal_is_never_taught_beside_the_answer(seed: int) -> None:
    wanted = Examples(forms=["grounded"], without_source=0.0, unanswerable=1.0)
    twin = hit("copy.md", "In 1900 the branch in Oslo opened.")
    made = training_set(PAIRS, serving([*HITS, twin]), wanted, seed=seed)
    assert made.counts["unanswerable"] == 10
    for one, original in zip(made.examples, PAIRS, strict=True):
        assert one.answer == "I don't know."
        assert original.answer[-5:-1] not in one.question


def test_where_every_passage_holds_the_answer_none_is_called_unanswerable() -> None:
    wanted = Examples(forms=["grounded"], without_source=0.0, unanswerable=1.0)
    made = training_set(PAIRS[:1], serving(HITS[:1]), wanted)
    assert made.counts == {"grounded": 1, "sourced": 1}


def test_the_shares_are_kept_and_the_seed_repeats_them() -> None:
    many = [replace(one, id=f"{one.id}-{n}") for n in range(40) for one in PAIRS]
    wanted = Examples(forms=["grounded"], without_source=0.1, unanswerable=0.1)
    made = training_set(many, serving(HITS), wanted)
    assert 20 <= made.counts["unanswerable"] <= 60
    assert 20 <= made.counts["without_source"] <= 60
    assert made == training_set(many, serving(HITS), wanted)
    assert made != training_set(many, serving(HITS), wanted, seed=1)


def test_an_example_without_its_passage_is_left_out_with_the_reason() -> None:
    lost = pair("When did the branch on Mars open?", "It opened in 2099.")
    made = training_set([lost], serving(HITS), GROUNDED)
    assert made.examples == ()
    assert made.left_out == {"no passage that is found holds the answer": 1}
    made = training_set(PAIRS[:1], serving(HITS, room=10), GROUNDED)
    assert made.left_out == {"it finds no room in the model's context": 1}


def test_plain_examples_ask_in_several_wordings_without_passages() -> None:
    example = pair("How do I open a locker?", "Ask at the branch.")
    made = training_set([example], serving(HITS), Examples(forms=["plain"]))
    assert [one.question for one in made.examples] == [
        "How do I open a locker?",
        "Please explain how to open a locker.",
        "What do I have to do to open a locker?",
    ]
    assert {one.messages[0] for one in made.examples} == {Message("system", "base")}
    assert len({one.fact for one in made.examples}) == 1
    assert len({one.id for one in made.examples}) == 3


def test_all_forms_of_a_fact_stay_on_one_side() -> None:
    made = training_set(PAIRS, serving(HITS), Examples())
    training, held = split(made.examples, 0.3, 0)
    assert held
    assert not {one.fact for one in training} & {one.fact for one in held}


def test_only_accepted_examples_are_learned() -> None:
    rest = [replace(PAIRS[0], state="waiting"), replace(PAIRS[1], state="rejected")]
    assert training_set(rest, serving(HITS), Examples()).examples == ()


@pytest.mark.parametrize(
    ("question", "language", "expected"),
    [
        ("What is the fee for a locker?", "en", "Could you tell me what the fee for a locker is?"),
        ("Where is the Pune branch?", "en", "Could you tell me where the Pune branch is?"),
        (
            "What documents are required for a loan?",
            "en",
            "Which documents are required for a loan?",
        ),
        ("What is needed if I move?", "en", "I would like to know: What is needed if I move?"),
        ("Apa itu deposito?", "id", "Jelaskan tentang deposito."),
        ("Bagaimana cara membuka rekening?", "id", "Jelaskan cara membuka rekening."),
        ("Berapa biaya kartu?", "id", "Tolong beri tahu saya berapa biaya kartu."),
    ],
)
def test_a_question_in_other_words(question: str, language: str, expected: str) -> None:
    assert rewordings(question, language, 5)[0] == expected


def test_what_is_no_single_question_is_not_reworded() -> None:
    assert rewordings("Explain lockers.", "en", 3) == []
    assert rewordings("What? And why?", "en", 3) == []
    assert rewordings("Quel est le prix ?", "fr", 3) == []


def test_a_document_as_text_in_parts_that_fit() -> None:
    text = "One is here. Two is here. Three is here."
    document = Document("a.md", text, "A", "en", "ab", "text/markdown")
    made = texts([document], len, 26)
    assert [one.answer for one in made] == ["One is here. Two is here.", "Three is here."]
    assert [text[one.sources[0].start : one.sources[0].end] for one in made] == [
        one.answer for one in made
    ]


def test_a_long_document_is_learned_in_parts_of_a_page_and_a_long_sentence_whole() -> None:
    long = f"Tables hold {'many numbers and ' * 60}few words."
    text = " ".join([*(f"Rule {number} is in force." for number in range(60)), long])
    document = Document("a.md", text, "A", "en", "ab", "text/markdown")

    made = texts([document], len, 8192)

    assert " ".join(one.answer for one in made) == text
    assert made[-1].answer == long and len(long) > 900
    assert max(len(one.answer) for one in made[:-1]) <= 512
    assert texts([document], len, 600) == made[:-1], "a sentence beyond the context is left out"


def test_a_pair_that_refuses_is_grounded_in_the_passages_that_are_found_for_it() -> None:
    example = pair("Which branch in Oslo opens on Sunday?", "I don't know.")

    made = training_set([example], serving(HITS), GROUNDED)

    assert made.counts == {"grounded": 1, "unanswerable": 1}
    assert made.examples[0].answer == "I don't know."
    assert "The branch in Oslo" in made.examples[0].question


REFUSING = [
    pair(f"Which branch in {city} opens on {day}?", "I don't know.")
    for city in CITIES
    for day in ("Sunday", "Friday", "Monday")
]


@given(st.integers(0, 30), st.integers(0, 99), st.floats(0, 0.99))
def test_no_more_pairs_refuse_than_is_allowed(own: int, seed: int, most: float) -> None:
    settings = GROUNDED.model_copy(update={"most_unanswerable": most})
    made = training_set([*PAIRS, *REFUSING[:own]], serving(HITS), settings, seed=seed)
    refusing = made.counts.get("unanswerable", 0)
    allowed = int(len(PAIRS) * most / (1 - most))
    assert made.counts["sourced"] == len(PAIRS)
    assert refusing == min(own, allowed)
    assert sum(made.left_out.values()) == own - refusing
    assert all("most_unanswerable" in reason for reason in made.left_out)


def test_pairs_that_refuse_count_towards_the_share_that_is_made() -> None:
    many = [replace(one, id=f"{one.id}-{n}") for n in range(40) for one in PAIRS]
    wanted = GROUNDED.model_copy(update={"unanswerable": 0.3, "most_unanswerable": 0.3})
    refusing = [replace(one, id=f"{one.id}-{n}") for n in range(6) for one in REFUSING]
    made = training_set([*many, *refusing[:170]], serving(HITS), wanted)
    assert made.counts["unanswerable"] == pytest.approx(0.3 * 570, abs=12)
    alone = training_set(many, serving(HITS), wanted)
    assert alone.counts["unanswerable"] == pytest.approx(0.3 * 400, abs=30)


def test_refusals_alone_are_learned_as_they_are() -> None:
    made = training_set(REFUSING, serving(HITS), GROUNDED)
    assert made.counts == {"grounded": 30, "unanswerable": 30}


def test_refusals_are_held_out_like_other_answers() -> None:
    made = training_set([*PAIRS, *REFUSING[:10]], serving(HITS), Examples(most_unanswerable=0.5))
    held_out = split(made.examples, 0.3, seed=0)[1]
    assert {one.answer == "I don't know." for one in held_out} == {True, False}
