"""Decides whether what was found can answer the question at all.

Knows the question's words and the hits' scores. The decision is a logistic regression whose
weights were learned from answerable and foreign questions (benchmarks/learn_relevance.py); they
lie in `relevance.json`, one set for each embedder it was learned with and one that uses words
alone, for every other embedder.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from pakar.answering.evidence import Rarity, content_stems, sentences_of
from pakar.types import Hit

WORDS_ONLY = "words"


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
    learned = _learned(embedder)
    signals = features(question, hits, language=language)
    total = learned.bias + sum(weight * signals[name] for name, weight in learned.weights.items())
    probability = 1.0 / (1.0 + math.exp(-max(-60.0, min(60.0, total))))
    return Relevance(probability, enough=probability >= learned.threshold)


def features(question: str, hits: Sequence[Hit], *, language: str) -> dict[str, float]:
    """What the decision rests on, each a plain number:

    cosine     similarity of the nearest hit's vector to the question's, 0 where none has one
    covered    share of the question's content words, weighted by rarity, in the best hit
    covered_3  the same in the best three hits together
    missing    content words of the question that stand in none of the hits
    """
    asked = content_stems(question, language)
    rarity = Rarity.among(sentences_of(hits))
    whole = rarity.total(asked) or 1.0
    held = [content_stems(f"{hit.passage.context}\n{hit.text}", hit.passage.language) & asked
            for hit in hits]  # fmt: skip
    everything = frozenset().union(*held)
    return {
        "cosine": max((hit.scores.get("vector", 0.0) for hit in hits), default=0.0),
        "covered": max((rarity.total(terms) / whole for terms in held), default=0.0),
        "covered_3": rarity.total(frozenset().union(*held[:3])) / whole,
        "missing": float(len(asked - everything)),
    }


def _learned(embedder: str) -> _Learned:
    known = _file()
    return known.get(embedder, known[WORDS_ONLY])


@lru_cache(maxsize=1)
def _file() -> dict[str, _Learned]:
    text = (files("pakar.answering") / "relevance.json").read_text(encoding="utf-8")
    return {
        name: _Learned(one["weights"], one["bias"], one["threshold"])
        for name, one in json.loads(text)["learned"].items()
    }
