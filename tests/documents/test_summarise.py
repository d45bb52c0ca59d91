"""Summaries are the document's own sentences, in its order, and stand for what is long."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from pakar.config import Summaries
from pakar.documents.builder import TextBuilder
from pakar.documents.split import embedding_text, split
from pakar.documents.summarise import Extractive, summaries
from pakar.types import Document, Passage

SUBJECTS = ("lockers", "loans", "cards", "deposits", "branches", "cheques")


def by_words(texts: Sequence[str]) -> list[int]:
    return [2 + len(text.split()) for text in texts]


def document(builder: TextBuilder, media_type: str = "text/markdown") -> Document:
    made = builder.extracted()
    return Document("a.md", made.text, made.title or "A", "en", "", media_type, made.marks)


def handbook(sections: int, sentences: int) -> Document:
    builder = TextBuilder()
    builder.heading("Handbook", 1)
    for number in range(sections):
        subject = SUBJECTS[number % len(SUBJECTS)]
        builder.heading(f"All about {subject}", 2)
        for at in range(sentences):
            builder.paragraph(f"Rule {number} of {at} on {subject} says what customers may do now.")
    return document(builder)


def summed_up(source: Document, **wanted: int) -> list[Passage]:
    chosen = Summaries(**{"document_passages": 2, **wanted})
    passages = split(source, max_tokens=120, size=40, count_tokens=by_words)
    made = Extractive(chosen.sentences)
    return summaries(source, passages, chosen, made, tokens=(120, by_words))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=120), max_size=25),
    st.integers(1, 6),
    st.integers(20, 120),
)
def test_every_sentence_is_verbatim_and_in_order_and_the_whole_is_bounded(
    paragraphs: list[str], most: int, limit: int
) -> None:
    builder = TextBuilder()
    for number, one in enumerate(paragraphs):
        (builder.heading(one, 1 + number % 3) if number % 4 == 0 else builder.paragraph(one))
    source = document(builder)
    passages = split(source, max_tokens=limit, size=20, count_tokens=by_words)
    chosen = Summaries(document_passages=2, section_passages=2, sentences=most)
    made = summaries(source, passages, chosen, Extractive(most), tokens=(limit, by_words))
    for one in made:
        lines, at = one.text.split("\n"), one.start
        assert 1 <= len(lines) <= most
        for line in lines:
            at = source.text.index(line, at, one.end) + len(line)
        assert by_words([embedding_text(one)])[0] <= limit
        assert len(one.text) < one.end - one.start
        assert one.kind == "summary" and not one.is_verbatim
    assert len({(one.start, one.end) for one in made}) == len(made)


def test_a_long_document_and_its_long_sections_have_one_each() -> None:
    source = handbook(sections=3, sentences=20)
    whole, *sections = summed_up(source, section_passages=3)
    assert (whole.start, whole.headings) == (0, ())
    assert [one.headings for one in sections] == [
        ("Handbook", f"All about {subject}") for subject in SUBJECTS[:3]
    ]
    for one in sections:
        subject = one.headings[-1].split()[-1]
        assert all(subject in line for line in one.text.split("\n"))


def test_what_is_short_needs_none() -> None:
    assert summed_up(handbook(sections=1, sentences=1)) == []
    source = handbook(sections=3, sentences=4)
    assert [one.headings for one in summed_up(source, section_passages=8)] == [()]


def test_tables_have_cards_instead() -> None:
    source = handbook(sections=3, sentences=20)
    table = Document("a.csv", source.text, "A", "en", "", "text/csv", source.marks)
    assert summed_up(table) == []
