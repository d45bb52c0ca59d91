"""Words as retrieval counts them: lower case, without accents' variants, stemmed per language.

Knows nothing of indexes or scores. The same function serves documents and questions, so that
both sides always agree.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import snowballstemmer

from pakar.language.stopwords import stopwords

# Raised whenever the same text gives other terms, so that no index mixes both.
TERMS_VERSION = 1

_STEMMERS = {
    "ar": "arabic", "hy": "armenian", "eu": "basque", "ca": "catalan", "da": "danish",
    "nl": "dutch", "en": "english", "eo": "esperanto", "et": "estonian", "fi": "finnish",
    "fr": "french", "de": "german", "el": "greek", "hi": "hindi", "hu": "hungarian",
    "id": "indonesian", "ms": "indonesian", "ga": "irish", "it": "italian", "lt": "lithuanian",
    "ne": "nepali", "no": "norwegian", "nb": "norwegian", "pt": "portuguese", "ro": "romanian",
    "ru": "russian", "sr": "serbian", "es": "spanish", "sv": "swedish", "ta": "tamil",
    "tr": "turkish", "yi": "yiddish",
}  # fmt: skip

# A word keeps inner points, commas and colons between digits (1,234.5 and 12:30) and inner
# apostrophes; scripts without spaces are split into single characters below.
_WORD = re.compile(r"\d+(?:[.,:/]\d+)*%?|[^\W\d_]+(?:['’][^\W\d_]+)*|\d+")
_UNSPACED = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]"
)


def words(text: str) -> list[str]:
    """The words of a text in order, case folded, numbers whole."""
    return [word for word, _, _ in word_spans(text)]


def word_spans(text: str) -> list[tuple[str, int, int]]:
    """Each word, case folded, with its offsets in the text as given."""
    found = []
    for match in _WORD.finditer(text):
        if _UNSPACED.search(match.group()):
            spans = [(match.start() + i, match.start() + i + 1) for i in range(len(match.group()))]
        else:
            spans = [match.span()]
        found += [(_fold(text[start:end]), start, end) for start, end in spans]
    return found


def terms(text: str, language: str) -> list[str]:
    """The stemmed words of a text, in order; repeated words stay repeated (BM25 counts them)."""
    return [stem(word, language) for word in words(text)]


def content_terms(text: str, language: str) -> list[str]:
    """The stemmed words that carry meaning: `terms` without the language's function words."""
    ignored = stopwords(language)
    return [stem(word, language) for word in words(text) if word not in ignored]


def stem(word: str, language: str) -> str:
    """One word's stem; the word itself where the language has no stemmer or it is a number."""
    if language not in _STEMMERS or word[0].isdigit():
        return word
    return _stemmed(word, _STEMMERS[language])


def is_number(word: str) -> bool:
    return word[:1].isdigit()


def _fold(word: str) -> str:
    folded = unicodedata.normalize("NFKC", word).casefold().replace("’", "'")
    return folded.removesuffix("'s") or folded


@lru_cache(maxsize=200_000)
def _stemmed(word: str, algorithm: str) -> str:
    return str(_stemmer(algorithm).stemWord(word))


@lru_cache(maxsize=8)
def _stemmer(algorithm: str) -> snowballstemmer.stemmer:
    return snowballstemmer.stemmer(algorithm)
