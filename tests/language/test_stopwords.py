"""Function words are ignored when the words of a question are compared with a text."""

from __future__ import annotations

import pytest

from pakar.language.stopwords import stopwords
from pakar.language.terms import content_terms


@pytest.mark.parametrize("language", ["en", "id"])
def test_lists_are_lower_case_words(language: str) -> None:
    words = stopwords(language)
    assert len(words) > 150
    assert all(word == word.casefold().strip() for word in words)


def test_question_words_carry_no_meaning() -> None:
    assert {"what", "which", "how", "who", "when", "where", "why"} <= stopwords("en")
    assert {"berapa", "apa", "siapa", "kapan", "mana", "bagaimana", "mengapa"} <= stopwords("id")
    assert content_terms("What does the cheque book cost?", "en") == ["chequ", "book", "cost"]
    assert content_terms("Berapa biaya untuk buku cek?", "id") == ["biaya", "buku", "cek"]


@pytest.mark.parametrize("language", ["de", "und", "", "../../errors", "e/n"])
def test_other_languages_have_none(language: str) -> None:
    assert stopwords(language) == frozenset()
