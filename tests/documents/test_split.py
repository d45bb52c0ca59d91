"""Passages are exact spans, never longer than the embedder reads, and together hold everything."""

from __future__ import annotations

import time
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pakar.documents.builder import TextBuilder
from pakar.documents.split import embedding_text, split
from pakar.errors import ConfigError
from pakar.types import Document, Passage


def by_words(texts: Sequence[str]) -> list[int]:
    """A tokenizer that adds two tokens of its own, as embedders do."""
    return [2 + len(text.split()) for text in texts]


def by_characters(texts: Sequence[str]) -> list[int]:
    return [3 + len(text) for text in texts]


def document(builder: TextBuilder, *, title: str = "", language: str = "en") -> Document:
    made = builder.extracted()
    return Document(
        "a.md", made.text, title or made.title, language, "", "text/markdown", made.marks
    )


def texts(passages: Sequence[Passage]) -> list[str]:
    return [passage.text for passage in passages]


WORDS = st.text(st.sampled_from(list("ab. 5?\n")) | st.characters(), max_size=80)
BLOCKS = st.lists(
    st.one_of(
        st.tuples(st.just("heading"), WORDS, st.integers(1, 6)),
        st.tuples(st.just("paragraph"), WORDS | st.text("ab ", min_size=200, max_size=400)),
        st.tuples(st.just("item"), WORDS),
        st.tuples(st.just("table"), st.lists(WORDS, max_size=3),
                  st.lists(st.lists(WORDS, max_size=3), max_size=5)),
        st.tuples(st.just("begin"), st.sampled_from(["page", "slide"]), st.integers(1, 99)),
    ),
    max_size=14,
)  # fmt: skip


def built(blocks: Sequence[tuple[object, ...]]) -> TextBuilder:
    builder = TextBuilder()
    for name, *arguments in blocks:
        values = [str(a) if name == "begin" else a for a in arguments]
        getattr(builder, str(name))(*values)
    return builder


@settings(max_examples=150, deadline=None)
@given(
    BLOCKS,
    WORDS,
    st.integers(40, 200),
    st.integers(5, 300),
    st.sampled_from([by_words, by_characters]),
)
def test_passages_are_exact_complete_apart_and_within_the_limit(
    blocks: Sequence[tuple[object, ...]], title: str, most: int, size: int, counter: object
) -> None:
    assert callable(counter)
    source = document(built(blocks), title=title)
    passages = split(source, max_tokens=most, size=size, count_tokens=counter)
    covered = [False] * len(source.text)
    previous = 0
    for passage in passages:
        assert source.text[passage.start : passage.end] == passage.text
        assert passage.text == passage.text.strip() != ""
        assert previous <= passage.start
        previous = passage.end
        assert counter([embedding_text(passage)])[0] <= most
        covered[passage.start : passage.end] = [True] * (passage.end - passage.start)
    assert all(done or char.isspace() for done, char in zip(covered, source.text, strict=True))


def test_sections_are_the_first_borders_and_small_ones_share_a_passage() -> None:
    builder = TextBuilder()
    builder.heading("Accounts", 1)
    for section in ("Savings", "Current"):
        builder.heading(section, 2)
        for question in ("Fee", "Limit"):
            builder.heading(f"{section} {question}", 3)
            builder.paragraph("one two three four five six seven eight nine ten. " * 2)
    passages = split(document(builder), max_tokens=500, size=55, count_tokens=by_words)
    assert [passage.text.split("\n")[0] for passage in passages] == ["Accounts", "Current"]
    assert passages[1].headings == ("Accounts", "Current")
    assert "Current Limit" in passages[1].text
    assert passages[0].context == "Accounts"


def test_a_passage_never_goes_on_from_the_middle_of_one_section_into_the_next() -> None:
    builder = TextBuilder()
    for section in ("First", "Second"):
        builder.heading(section, 1)
        for _ in range(6):
            builder.paragraph("one two three four five six seven eight nine ten.")
    passages = split(document(builder), max_tokens=500, size=45, count_tokens=by_words)
    assert [p.headings for p in passages] == [("First",)] * 2 + [("Second",)] * 2
    assert all(p.text.startswith("Second") is (n == 2) for n, p in enumerate(passages))


def test_table_rows_stay_whole() -> None:
    builder = TextBuilder()
    builder.table(["Branch", "Code"], [[f"Branch {n}. Main. Road", f"ZX{n}"] for n in range(40)])
    source = document(builder)
    passages = split(source, max_tokens=100, size=30, count_tokens=by_words)
    assert len(passages) > 5
    lines = [line for passage in passages for line in passage.text.split("\n")]
    assert lines == source.text.split("\n")


def test_a_row_longer_than_the_limit_is_cut_between_cells() -> None:
    builder = TextBuilder()
    builder.table([f"c{n}" for n in range(30)], [[f"value {n}" for n in range(30)]])
    passages = split(document(builder), max_tokens=40, size=30, count_tokens=by_words)
    assert len(passages) > 2
    assert all(passage.text.startswith("c") for passage in passages)
    assert all(passage.text.removesuffix(" |")[-1].isdigit() for passage in passages)


def test_long_paragraphs_break_between_sentences_and_leave_no_crumbs() -> None:
    builder = TextBuilder()
    builder.paragraph("One two three four five six seven. " * 43)
    passages = split(document(builder), max_tokens=200, size=60, count_tokens=by_words)
    assert all(passage.text.endswith("seven.") for passage in passages)
    assert min(len(passage.text.split()) for passage in passages) >= 15


def test_a_sentence_longer_than_the_limit_is_cut_at_white_space() -> None:
    builder = TextBuilder()
    builder.paragraph("word " * 500)
    passages = split(document(builder), max_tokens=64, size=50, count_tokens=by_words)
    assert {word for text in texts(passages) for word in text.split()} == {"word"}


def test_pages_and_headings_are_those_of_the_start() -> None:
    builder = TextBuilder()
    builder.begin("page", "1")
    builder.heading("Fees", 1)
    builder.paragraph("one two three four five six seven. " * 6)
    builder.begin("page", "2")
    builder.paragraph("eight nine ten eleven twelve. " * 8)
    passages = split(document(builder), max_tokens=100, size=45, count_tokens=by_words)
    assert [(p.page, p.headings) for p in passages] == [(1, ("Fees",)), (2, ("Fees",))]


def test_context_that_would_crowd_out_the_text_is_shortened() -> None:
    builder = TextBuilder()
    builder.heading("very " * 100 + "long", 1)
    builder.paragraph("Short text.")
    passages = split(document(builder), max_tokens=60, size=40, count_tokens=by_words)
    assert " ".join(texts(passages)).endswith("Short text.")
    assert all(by_words([embedding_text(p)])[0] <= 60 for p in passages)
    assert all(0 < len(p.context) < 200 for p in passages)


def test_no_text_no_passages() -> None:
    assert split(document(TextBuilder()), max_tokens=64, size=50, count_tokens=by_words) == []


def test_an_embedder_that_takes_nothing_is_one_clear_error() -> None:
    builder = TextBuilder()
    builder.paragraph("text")
    with pytest.raises(ConfigError, match="limit of 2 tokens"):
        split(document(builder), max_tokens=2, size=2, count_tokens=by_words)


def test_the_tokenizer_is_called_in_bulk_and_time_is_linear() -> None:
    builder = TextBuilder()
    for number in range(4_000):
        if number % 20 == 0:
            builder.heading(f"Part {number}", 2)
        builder.paragraph("The customer pays the fee at the branch. It is due in May. " * 3)
    calls: list[int] = []

    def counted(batch: Sequence[str]) -> list[int]:
        calls.append(len(batch))
        return by_words(batch)

    begin = time.perf_counter()
    passages = split(document(builder), max_tokens=512, size=200, count_tokens=counted)
    assert time.perf_counter() - begin < 10
    assert len(passages) > 500
    assert len(calls) <= 3
