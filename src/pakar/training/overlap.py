"""How much of what an answer says stands in another text, by words.

Knows stems and function words; nothing of meaning, passages or thresholds of others.
"""

from __future__ import annotations

from collections.abc import Collection

from pakar.language.terms import content_terms


def taught_terms(question: str, answer: str, language: str) -> frozenset[str]:
    """The stems that the answer adds to its question; all of the answer's where it adds none."""
    said = frozenset(content_terms(answer, language))
    return said - frozenset(content_terms(question, language)) or said


def coverage(wanted: Collection[str], held: Collection[str]) -> float:
    """The share of `wanted` that is in `held`, 0 to 1; 0 where nothing is wanted."""
    if not wanted:
        return 0.0
    return sum(term in held for term in wanted) / len(wanted)
