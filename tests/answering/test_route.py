"""Every route runs through the same code: streams, cites, abstains, fails cleanly."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest
from made_hits import document, hit, loader

from pakar.answering.relevance import Learned
from pakar.answering.route import Route
from pakar.answering.wording import wording
from pakar.config import Answering
from pakar.errors import ConfigError, ModelError, PakarError
from pakar.testing import ScriptedModel
from pakar.types import Hit, Message

SOURCE = document(
    "fees.md",
    "A cheque book costs 50 rupees.\nA large locker costs 4,500 rupees a year.\n"
    "Lost cards are blocked by calling 1800-22-33.",
)
QUESTION = "What does a cheque book cost?"


@dataclass
class Shelf:
    """A retriever that finds what it was given, and notes what was sought."""

    hits: Sequence[Hit]
    language_found: str = "en"
    sought: list[str] = field(default_factory=list)
    embedder_spec: str = "testing:shelf"

    def search(self, question: str, *, k: int) -> list[Hit]:
        self.sought.append(question)
        return list(self.hits[:k])

    def language(self, question: str) -> str:
        return self.language_found

    def similarities(self, question: str, texts: Sequence[str]) -> list[float]:
        return [0.0 for _ in texts]

    def nearness(self, question: str, texts: Sequence[str]) -> list[float]:
        return [float("cheque" in text) for text in texts]


def route(
    model: ScriptedModel | None,
    *,
    shelf: Shelf | None = None,
    name: str = "rag",
    settings: Answering | None = None,
) -> Route:
    return Route(name, model, shelf, loader(SOURCE), 5, settings or Answering())


def shelf() -> Shelf:
    return Shelf([hit(SOURCE)])


def test_rag_shows_the_passages_to_the_model_and_cites_them() -> None:
    model = ScriptedModel(["A cheque book costs 50 rupees. Ask the butler."])
    answer = route(model, shelf=shelf()).answer(QUESTION)
    (asked,) = model.asked
    assert SOURCE.text in asked[-1].content
    assert QUESTION in asked[-1].content
    assert [one.quote for one in answer.citations] == ["A cheque book costs 50 rupees."]
    assert answer.unsupported == ("Ask the butler.",)
    assert [one.document for one in answer.hits] == ["fees.md"]


def test_of_the_passages_a_model_may_read_only_the_nearest_sentences() -> None:
    model = ScriptedModel(["A cheque book costs 50 rupees."])
    narrow = replace(route(model, shelf=shelf()), sentences=1)
    answer = narrow.answer(QUESTION)
    (asked,) = model.asked
    assert "A cheque book costs 50 rupees." in asked[-1].content
    assert SOURCE.text not in asked[-1].content
    assert [one.quote for one in answer.citations] == ["A cheque book costs 50 rupees."]
    assert [one.text for one in answer.hits] == [SOURCE.text], "what was found is told whole"


def test_more_hits_are_judged_than_a_model_is_shown() -> None:
    """How far the best one stands out depends on the others; alone it stands out by nothing."""
    near, far = ({"vector": value} for value in (0.9, 0.6))
    hits = [Hit(hit(SOURCE).passage, 1.0, scores) for scores in (near, *[far] * 5)]
    standing_out = Learned({"margin": 100.0}, -5.0, 0.5)
    model = ScriptedModel(["A cheque book costs 50 rupees."])
    one = replace(route(model, shelf=Shelf(hits)), passages=1, relevance=standing_out)
    answer = one.answer(QUESTION)
    assert not answer.abstained
    assert len(answer.hits) == 1
    assert replace(one, retriever=Shelf(hits[:1])).answer(QUESTION).abstained


def test_base_shows_no_passages_and_all_it_says_is_unsupported() -> None:
    model = ScriptedModel(["A cheque book costs 50 rupees."])
    answer = route(model, name="base").answer(QUESTION)
    assert [message.role for message in model.asked[0]] == ["system", "user"]
    assert SOURCE.text not in model.asked[0][-1].content
    assert (answer.citations, answer.hits) == ((), ())
    assert answer.unsupported == ("A cheque book costs 50 rupees.",)


def test_extract_gives_the_documents_own_words() -> None:
    answer = route(None, shelf=shelf(), name="extract").answer(QUESTION)
    assert "A cheque book costs 50 rupees." in answer.text
    assert answer.unsupported == ()
    for one in answer.citations:
        assert answer.text[one.answer_start : one.answer_end] == one.quote
        assert SOURCE.text[one.start : one.end] == one.quote


def test_neither_model_nor_retriever_is_no_route() -> None:
    with pytest.raises(ConfigError, match="'empty'"):
        route(None, name="empty")


@pytest.mark.parametrize("name", ["rag", "extract"])
def test_what_the_passages_do_not_answer_is_refused_without_asking_the_model(name: str) -> None:
    model = None if name == "extract" else ScriptedModel([])
    answer = route(model, shelf=shelf(), name=name).answer("Who won the chess olympiad in Baku?")
    assert answer.abstained
    assert answer.text == wording("en").nothing_found
    assert (answer.citations, answer.unsupported) == ((), ())


@pytest.mark.parametrize(("language", "says"), [("id", "Saya tidak tahu"), ("en", "I don't know")])
def test_a_refusal_is_in_the_language_of_the_question_or_the_settings(
    language: str, says: str
) -> None:
    nothing = Shelf([], language_found=language)
    assert route(ScriptedModel([]), shelf=nothing).answer("apa itu?").text.startswith(says)
    fixed = Answering(language=language)  # type: ignore[arg-type]
    other = Shelf([], language_found="en" if language == "id" else "id")
    given = route(ScriptedModel([]), shelf=other, settings=fixed).answer("apa itu?")
    assert given.text.startswith(says)


def test_a_model_that_says_it_does_not_know_abstains() -> None:
    answer = route(ScriptedModel(["I don't know."]), shelf=shelf()).answer(QUESTION)
    assert answer.abstained
    assert answer.unsupported == ()


def test_a_model_that_writes_nothing_is_noted() -> None:
    answer = route(ScriptedModel(["  \n "]), shelf=shelf()).answer(QUESTION)
    assert answer.text == ""
    assert answer.notes == ("the model wrote nothing",)


def test_passages_that_find_no_room_are_noted() -> None:
    two = Shelf([hit(SOURCE), hit(document("long.md", "A cheque book costs more. " * 500))])
    made = Route(
        "rag",
        ScriptedModel(["A cheque book costs 50 rupees."], context_tokens=400),
        two,
        loader(SOURCE),
        5,
        Answering(),
    )
    assert made.answer(QUESTION).notes == ("1 of 2 passages found no room in the prompt",)


@pytest.mark.parametrize("text", ["A cheque book.", "\n\n  A  cheque\nbook costs 50 rupees. \n"])
def test_pieces_join_to_the_text(text: str) -> None:
    stream = route(ScriptedModel([text]), shelf=shelf()).stream(QUESTION)
    assert "".join(stream).rstrip() == stream.answer.text == text.strip()


def test_the_answer_reads_what_is_left_of_the_stream() -> None:
    stream = route(ScriptedModel(["A cheque book costs 50 rupees."]), shelf=shelf()).stream(
        QUESTION
    )
    assert next(stream) == "A"
    assert stream.answer.text == "A cheque book costs 50 rupees."
    assert list(stream) == []
    assert stream.answer is stream.answer


def test_times_are_in_order_and_do_not_count_the_reader() -> None:
    for made in (
        route(ScriptedModel(["A cheque book costs 50 rupees."]), shelf=shelf()),
        route(None, shelf=shelf(), name="extract"),
        route(ScriptedModel([]), shelf=Shelf([])),
    ):
        stream = made.stream(QUESTION)
        next(stream)
        time.sleep(0.05)
        times = stream.answer.timings
        assert 0 < times.retrieval <= times.first_token < 0.05 <= times.total


@pytest.mark.parametrize(
    "error", [ModelError("out of memory", hint="Take less."), RuntimeError("CUDA error\nat line 1")]
)
def test_a_model_that_fails_while_it_writes_is_one_model_error(error: Exception) -> None:
    model = ScriptedModel(["A cheque book costs 50 rupees."], error=error)
    stream = route(model, shelf=shelf()).stream(QUESTION)
    assert next(stream) == "A"
    with pytest.raises(ModelError) as raised:
        next(stream)
    assert "\n" not in str(raised.value)
    assert str(error).splitlines()[0] in str(raised.value)
    assert raised.value.hint


def test_closing_frees_the_model() -> None:
    model = ScriptedModel(["A cheque book costs 50 rupees."])
    stream = route(model, shelf=shelf()).stream(QUESTION)
    next(stream)
    stream.close()
    assert model.closed == 1
    assert list(stream) == []
    with pytest.raises((PakarError, RuntimeError), match="closed"):
        stream.answer  # noqa: B018


def test_no_more_than_max_tokens_are_written() -> None:
    model = ScriptedModel(["A cheque book costs 50 rupees."])
    settings = Answering(max_tokens=3)
    assert route(model, shelf=shelf(), settings=settings).answer(QUESTION).text == "A cheque book"


def test_a_question_that_fits_no_context_is_a_model_error() -> None:
    model = ScriptedModel([], context_tokens=200)
    for one in (route(model, shelf=shelf()), route(model, name="base")):
        with pytest.raises(ModelError, match="tokens") as raised:
            one.answer(f"{QUESTION} " * 60)
        assert raised.value.hint


def test_a_follow_up_is_sought_with_what_it_leans_on() -> None:
    found = shelf()
    history = [Message("user", QUESTION), Message("assistant", "50 rupees.")]
    model = ScriptedModel(["What does a large locker cost?", "A large locker costs 4,500 rupees."])
    answer = route(model, shelf=found).answer("And a large locker?", history)
    assert found.sought == ["What does a large locker cost?"]
    assert answer.citations[0].quote == "A large locker costs 4,500 rupees a year."
    assert [message.content for message in model.asked[1][1:3]] == [QUESTION, "50 rupees."]


def test_extract_understands_a_follow_up_without_a_model() -> None:
    found = shelf()
    history = [Message("user", QUESTION), Message("assistant", "50 rupees.")]
    route(None, shelf=found, name="extract").answer("And a large locker?", history)
    assert found.sought == [f"{QUESTION} And a large locker?"]
