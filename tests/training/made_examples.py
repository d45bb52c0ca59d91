"""Examples, passages and a stand-in for serving, for the tests of this folder."""

from __future__ import annotations

from collections.abc import Sequence

from pakar.answering.focus import Focus
from pakar.language.terms import content_terms
from pakar.training.identity import answer_fact, example_id
from pakar.training.serving import Rendered, Serving
from pakar.types import Document, Example, Hit, Message, Passage, Source, State


def pair(
    question: str,
    answer: str,
    *sources: Source,
    fact: str = "",
    state: State = "accepted",
    language: str = "en",
) -> Example:
    turns = (Message("user", question), Message("assistant", answer))
    return Example(
        id=example_id(turns),
        messages=turns,
        origin="curated",
        sources=sources,
        fact=fact or answer_fact(answer),
        language=language,
        state=state,
    )


def hit(document: str, text: str, start: int = 0) -> Hit:
    return Hit(Passage(document, start, start + len(text), text, language="en"), 1.0)


def serving(
    hits: Sequence[Hit], passages: int = 3, room: int = 10_000, sentences: int = 0
) -> Serving:
    """Ranks by shared words; writes passages and question under each other."""

    def search(question: str, k: int) -> list[Hit]:
        asked = set(content_terms(question, "en"))
        order = sorted(hits, key=lambda one: -len(asked & set(content_terms(one.text, "en"))))
        return order[:k]

    def with_passages(question: str, shown: Sequence[Hit], history: Sequence[Message]) -> Rendered:
        kept: list[Hit] = []
        for one in shown:
            if sum(len(other.text) for other in [*kept, one]) > room:
                break
            kept.append(one)
        text = "\n".join([*(one.text for one in kept), question])
        return Rendered((Message("system", "rag"), *history, Message("user", text)), tuple(kept))

    def alone(question: str, history: Sequence[Message]) -> Rendered:
        return Rendered((Message("system", "base"), *history, Message("user", question)))

    def nearness(question: str, texts: Sequence[str]) -> list[float]:
        asked = set(content_terms(question, "en"))
        return [float(len(asked & set(content_terms(text, "en")))) for text in texts]

    focus = Focus(sentences, nearness, lambda name: _document(name, hits))
    return Serving(
        search, with_passages, alone, lambda _: "I don't know.", _refuses, passages, focus
    )


def _document(name: str, hits: Sequence[Hit]) -> Document:
    """A document that holds the texts of its hits where they say they stand."""
    text = ""
    for one in sorted((hit for hit in hits if hit.document == name), key=lambda hit: hit.start):
        text = text.ljust(one.start) + one.text
    return Document(name, text, name, "en", "hash", "text/plain")


def _refuses(answer: str) -> bool:
    return answer.startswith("I don't know")
