"""Function words per language: the words that carry no meaning of their own.

Question words are among them, for they say how something is asked and not what about. Knows
nothing of stems, documents or scores.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files


@lru_cache(maxsize=64)
def stopwords(language: str) -> frozenset[str]:
    """Lower-case function words of an ISO 639-1 language; empty where pakar has no list.

    Lists are there for English ("en") and Indonesian ("id").
    """
    source = files("pakar.language") / "data" / f"stopwords-{language}.txt"
    if not language.isalpha() or not source.is_file():
        return frozenset()
    return frozenset(source.read_text(encoding="utf-8").split())
