"""Small closed sets of words that change what a sentence says: negations and words that point back.

The lists lie in `data/`, one file a language.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from importlib.resources import files

_LANGUAGES = ("en", "id")


def is_negated(words: Iterable[str]) -> bool:
    """Whether one of these (case folded) words denies, in any language that has a list."""
    return any(word in _listed("negations") or word.endswith("n't") for word in words)


def points_back(words: Iterable[str]) -> bool:
    """Whether one of these (case folded) words means something that was said before."""
    return any(word in _listed("pointers") for word in words)


@lru_cache(maxsize=4)
def _listed(kind: str) -> frozenset[str]:
    folder = files("pakar.language") / "data"
    texts = [(folder / f"{kind}-{code}.txt").read_text(encoding="utf-8") for code in _LANGUAGES]
    return frozenset(" ".join(texts).split())
