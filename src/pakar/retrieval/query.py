"""Turns a question into the words that BM25 looks for.

Knows languages, not indexes. A short question's language is easily mistaken and documents of
several languages may lie in one index, so each word is stemmed the way each of the index's
languages would have stemmed it.
"""

from __future__ import annotations

from collections.abc import Sequence

from pakar.language.detect import detect
from pakar.language.stopwords import stopwords
from pakar.language.terms import stem, words

_MOST_LANGUAGES = 4


def query_terms(question: str, languages: Sequence[str]) -> list[str]:
    """The stems to look for, in the question's order, without function words.

    `languages` are the index's, the most frequent first. Where the question holds nothing but
    function words, they are what is looked for.
    """
    asked = question_language(question, languages)
    stemmers = list(dict.fromkeys([asked, *languages[:_MOST_LANGUAGES]]))
    ignored = stopwords(asked)
    found = words(question)
    kept = [word for word in found if word not in ignored] or found
    return list(dict.fromkeys(stem(word, language) for word in kept for language in stemmers))


def question_language(question: str, languages: Sequence[str]) -> str:
    """The question's language: what it looks like where the index has it, else the index's first.

    A detection that no document shares is more often a mistake on a short text than the truth,
    unless the question's function words bear it out.
    """
    asked = detect(question)
    if asked in languages or not languages:
        return asked
    own = _function_words(question, asked)
    return asked if own > _function_words(question, languages[0]) else languages[0]


def _function_words(question: str, language: str) -> int:
    return sum(word in stopwords(language) for word in words(question))
