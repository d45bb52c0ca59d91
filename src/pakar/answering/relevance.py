"""Decides whether what was found can answer the question at all.

Knows the question's words and the hits' scores. The decision is a logistic regression whose
weights were learned from answerable and foreign questions (benchmarks/learn_relevance.py); they
lie in `relevance.json`: for the default embedder one set, and one for questions in another
language than the passages, where words say nothing; for other embedders one that uses words alone.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from statistics import fmean

from pakar.answering.evidence import Rarity, content_stems, sentences_of, term
from pakar.language.detect import UNKNOWN
from pakar.language.terms import is_number, word_spans
from pakar.types import Hit

WORDS_ONLY = "words"
ACROSS_LANGUAGES = " across languages"  # behind the embedder's spec


@dataclass(frozen=True, slots=True)
class Relevance:
    """`probability` that the hits answer the question; `enough` where it reaches the threshold."""

    probability: float
    enough: bool


@dataclass(frozen=True, slots=True)
class _Learned:
    weights: Mapping[str, float]
    bias: float
    threshold: float


def judge(question: str, hits: Sequence[Hit], *, language: str, embedder: str) -> Relevance:
    """No hits are never enough. `embedder` is the spec that the vectors were made with."""
    if not hits:
        return Relevance(0.0, enough=False)
    across = all(hit.passage.language not in (language, UNKNOWN) for hit in hits)
    learned = _file().get(embedder + ACROSS_LANGUAGES if across else embedder)
    if learned is None and across:
        return Relevance(1.0, enough=True)  # nothing to judge by: the reader sees the sources
    learned = learned or _file()[WORDS_ONLY]
    signals = features(question, hits, language=language)
    total = learned.bias + sum(weight * signals[name] for name, weight in learned.weights.items())
    probability = 1.0 / (1.0 + math.exp(-max(-60.0, min(60.0, total))))
    return Relevance(probability, enough=probability >= learned.threshold)


def features(question: str, hits: Sequence[Hit], *, language: str) -> dict[str, float]:
    """What the decision rests on, each a plain number:

    cosine         similarity of the nearest hit's vector to the question's, 0 where none has one
    margin         how far that lies above the mean of the other hits; 0 where there are none
    covered        share of the question's content words, weighted by rarity, in the best hit
    covered_3      the same in the best three hits together
    missing_names  names and numbers of the question that stand in none of the hits
    missing_words  its other content words that stand in none of the hits
    """
    asked = content_stems(question, language)
    rarity = Rarity.among(sentences_of(hits))
    whole = rarity.total(asked) or 1.0
    held = [asked & _terms_of(hit) for hit in hits]
    missing = asked.difference(*held)
    names = _names(question, language)
    cosines = sorted((hit.scores.get("vector", 0.0) for hit in hits), reverse=True)
    return {
        "cosine": cosines[0],
        "margin": cosines[0] - fmean(cosines[1:] or cosines),
        "covered": max(rarity.total(terms) / whole for terms in held),
        "covered_3": rarity.total(frozenset().union(*held[:3])) / whole,
        "missing_names": float(len(missing & names)),
        "missing_words": float(len(missing - names)),
    }


def _terms_of(hit: Hit) -> frozenset[str]:
    return content_stems(f"{hit.passage.context}\n{hit.text}", hit.passage.language)


def _names(question: str, language: str) -> frozenset[str]:
    """The terms of words with a capital behind the first word, and of numbers."""
    return frozenset(
        term(word, language)
        for position, (word, start, _) in enumerate(word_spans(question))
        if is_number(word) or (position > 0 and question[start].isupper())
    )


@lru_cache(maxsize=1)
def _file() -> dict[str, _Learned]:
    text = (files("pakar.answering") / "relevance.json").read_text(encoding="utf-8")
    return {
        name: _Learned(one["weights"], one["bias"], one["threshold"])
        for name, one in json.loads(text)["learned"].items()
    }
