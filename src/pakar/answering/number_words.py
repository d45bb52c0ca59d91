"""Numbers that are written as words, so that "three" and "four" are told apart like 3 and 4.

Knows the small numbers of the languages that pakar has wordings for. "One" is left out: it mostly
means no number.
"""

from __future__ import annotations

_WORDS = {
    "en": "two three four five six seven eight nine ten eleven twelve",
    "id": "dua tiga empat lima enam tujuh delapan sembilan sepuluh sebelas",
}
_DIGITS = {
    language: {word: str(number) for number, word in enumerate(words.split(), start=2)}
    for language, words in _WORDS.items()
}


def in_digits(word: str, language: str) -> str:
    """The number that a (case folded) word of the language means; the word itself otherwise."""
    return _DIGITS.get(language, {}).get(word, word)
