"""Sentences are exact spans, and the usual mistakes of splitters are not made."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pakar.language.sentences import sentence_spans


def sentences(text: str, language: str = "en") -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text, language)]


ROUGH = st.text(
    st.sampled_from(list("aB1 .!?\n\t|-()[]\"'“”«»。\u00a0\u2028é😀\ud800")) | st.characters(),
    max_size=300,
)


@given(ROUGH, st.sampled_from(["en", "id", "zh", "und", "../x"]))
def test_every_visible_character_is_in_exactly_one_span(text: str, language: str) -> None:
    covered = [0] * len(text)
    previous = 0
    for start, end in sentence_spans(text, language):
        assert previous <= start < end <= len(text)
        assert not text[start].isspace()
        assert not text[end - 1].isspace()
        assert len(text[start:end].splitlines()) == 1
        previous = end
        covered[start:end] = [1] * (end - start)
    assert all(covered[i] or char.isspace() for i, char in enumerate(text))


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("It rained. We stayed in.", "en", ["It rained.", "We stayed in."]),
        ("It costs Rp. 50.000 a year. Pay now.", "en",
         ["It costs Rp. 50.000 a year.", "Pay now."]),
        ("Biaya Rp. 50.000 per buku. Lihat hlm. 5 dan No. 7.", "id",
         ["Biaya Rp. 50.000 per buku.", "Lihat hlm. 5 dan No. 7."]),
        ("Is it free? No. It is not.", "en", ["Is it free?", "No.", "It is not."]),
        ("Interest is 5.5% p.a. for loans. Ask us.", "en",
         ["Interest is 5.5% p.a. for loans.", "Ask us."]),
        ("Go to https://zx.example/a.b?c=1. Then log in.", "en",
         ["Go to https://zx.example/a.b?c=1.", "Then log in."]),
        ("1. Open the app. Then log in.", "en", ["1. Open the app.", "Then log in."]),
        ("(a) Sign it. Send it.", "en", ["(a) Sign it.", "Send it."]),
        ("Kantor di Jl. Sudirman No. 5, Jakarta. Buka setiap hari.", "id",
         ["Kantor di Jl. Sudirman No. 5, Jakarta.", "Buka setiap hari."]),
        ("Bawa KTP, KK, dll. Petugas akan membantu.", "id",
         ["Bawa KTP, KK, dll.", "Petugas akan membantu."]),
        ("Mr. Smith met Dr. Jones. They spoke.", "en", ["Mr. Smith met Dr. Jones.", "They spoke."]),
        ("今天下雨。我们在家。", "zh", ["今天下雨。", "我们在家。"]),
    ],
)  # fmt: skip
def test_where_sentences_end(text: str, language: str, expected: list[str]) -> None:
    assert sentences(text, language) == expected


def test_a_line_break_ends_a_sentence() -> None:
    assert sentences("- first item\n- second item") == ["- first item", "- second item"]


def test_a_table_row_stays_whole_unless_it_is_long() -> None:
    row = "Question: Is it free? Yes. | Answer: The first one is. Others cost 5."
    assert sentences(row) == [row]
    long = f"Notes: {'It is so. ' * 60}| More: {'It is not. ' * 10}"
    assert len(sentences(long)) > 50


@pytest.mark.parametrize("unit", ["“ab. ", "«", "word ", "x", "(a. "])
def test_time_grows_with_length_and_not_with_its_square(unit: str) -> None:
    text = unit * (400_000 // len(unit))
    begin = time.perf_counter()
    spans = sentence_spans(text, "en")
    assert time.perf_counter() - begin < 8  # quadratic time would take minutes
    assert sum(end - start for start, end in spans) >= len(text) - text.count(" ") - 2
