"""A question becomes the stems that the index's languages would have made of its words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pakar.language.terms import stem, terms
from pakar.retrieval.query import query_terms, question_language


def test_english_question_words_are_dropped_and_the_rest_is_stemmed() -> None:
    found = query_terms("What are the fees for lockers?", ["en"])
    assert found == terms("fees lockers", "en")


def test_indonesian_question_words_are_dropped_and_the_rest_is_stemmed() -> None:
    found = query_terms("Berapakah biaya untuk mengganti kartu yang hilang?", ["id"])
    assert found == terms("biaya mengganti kartu hilang", "id")


def test_a_question_of_function_words_only_is_still_looked_for() -> None:
    found = query_terms("What is it?", ["en"])
    assert found == terms("what is it", "en")


def test_each_word_is_stemmed_as_each_of_the_indexs_languages_would() -> None:
    found = query_terms("What are the charges for lockers?", ["id", "en"])
    assert stem("charges", "en") in found
    assert stem("charges", "id") in found


def test_numbers_stay_whole() -> None:
    assert "1,234.50" in query_terms("Which fee is 1,234.50 rupees?", ["en"])


@pytest.mark.parametrize(
    ("question", "languages", "expected"),
    [
        ("What does a cheque book cost?", ["en"], "en"),
        ("Berapa biaya sewa brankas?", ["id", "en"], "id"),
        ("Berapa biaya sewa brankas per tahun untuk nasabah?", ["en"], "id"),
        ("NEFT IMPS RTGS", ["en", "id"], "en"),
        ("", ["en"], "en"),
        ("What does a cheque book cost?", [], "en"),
    ],
)
def test_the_language_to_answer_in(question: str, languages: list[str], expected: str) -> None:
    assert question_language(question, languages) == expected


@given(
    st.text(max_size=60), st.lists(st.sampled_from(["en", "id", "de", "und", "zh"]), unique=True)
)
def test_any_question_gives_each_term_once(question: str, languages: list[str]) -> None:
    found = query_terms(question, languages)
    assert len(found) == len(set(found))
    assert all(term and not term.isspace() for term in found)
