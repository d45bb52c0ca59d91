"""Decides whether what was found can answer the question at all.

Knows the question's words and the hits' scores. The decision is a logistic regression whose
weights were learned from answerable and foreign questions (benchmarks/learn_relevance.py); they
lie in `relevance.json`: for the default embedder one set, and one for questions in another
language than the passages, where words say nothing; for other embedders one that uses words alone.
An expert may have learned its own (`pakar calibrate`).
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
# So many hits are looked at, as when the weights were learned: how far the best one stands out
# depends on how many others there are.
JUDGED = 6
# What `features` tells.
SIGNALS = ("cosine", "margin", "covered", "covered_3", "missing_names", "missing_words")


@dataclass(frozen=True, slots=True)
class Relevance:
    """`probability` that the hits answer the question; `enough` where it reaches the threshold."""

    probability: float
    enough: bool


@dataclass(frozen=True, slots=True)
class Learned:
    """A logistic regression over `features`, and from which probability on it is enough."""

    weights: Mapping[str, float]
    bias: float
    threshold: float

    def probability(self, signals: Mapping[str, float]) -> float:
        total = self.bias + sum(weight * signals[name] for name, weight in self.weights.items())
        return 1.0 / (1.0 + math.exp(-max(-60.0, min(60.0, total))))


def judge(
    question: str,
    hits: Sequence[Hit],
    *,
    language: str,
    embedder: str,
    own: Learned | None = None,
) -> Relevance:
    """No hits are never enough. `embedder` is the spec that the vectors were made with, `own` what
    the expert has learned of questions in the passages' language."""
    if not hits:
        return Relevance(0.0, enough=False)
    judged = hits[:JUDGED]
    if all(hit.passage.language not in (language, UNKNOWN) for hit in judged):
        across = _file().get(embedder + ACROSS_LANGUAGES)
        if across is None:
            return Relevance(1.0, enough=True)  # nothing to judge by: the reader sees the sources
        learned = across
    else:
        learned = own or shipped(embedder)
    probability = learned.probability(features(question, judged, language=language))
    return Relevance(probability, enough=probability >= learned.threshold)


def shipped(embedder: str) -> Learned:
    """What comes with pakar for this embedder; for others than the default, by words alone."""
    return _file().get(embedder) or _file()[WORDS_ONLY]


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
def _file() -> dict[str, Learned]:
    text = (files("pakar.answering") / "relevance.json").read_text(encoding="utf-8")
    return {
        name: Learned(one["weights"], one["bias"], one["threshold"])
        for name, one in json.loads(text)["learned"].items()
    }
