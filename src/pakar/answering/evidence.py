"""The sentences of the retrieved passages, and how much each word of them is worth.

Knows spans, words and their rarity among the hits at hand. Knows no question, no answer and no
model.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from pakar.answering.number_words import in_digits
from pakar.language.instructions import instruction_spans
from pakar.language.sentences import sentence_spans
from pakar.language.stopwords import stopwords
from pakar.language.terms import is_number, stem, word_spans
from pakar.types import Hit

_MARKER = re.compile(r"\s*(?:[-*•·–—]|\(?(?:\d{1,3}|[A-Za-z])[.)])\s+")


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of a hit. `start` and `end` are offsets in the document's text.

    `terms` are the stems of its content words, `context` those of the title and headings above
    it, `row` whether it is one line of several cells.
    """

    hit: Hit
    start: int
    end: int
    text: str
    terms: frozenset[str]
    context: frozenset[str]


def sentences_of(hits: Sequence[Hit]) -> list[Sentence]:
    """All sentences of the hits, hit by hit, in the order of the text; none twice.

    Without those that speak to a model: they are no evidence of anything.
    """
    found: list[Sentence] = []
    seen: set[tuple[str, int, int]] = set()
    for hit in hits:
        language = hit.passage.language
        context = content_stems(hit.passage.context, language)
        orders = instruction_spans(hit.text, language)
        for start, end in sentence_spans(hit.text, language):
            if any(start < last and first < end for first, last in orders):
                continue
            key = (hit.document, hit.start + start, hit.start + end)
            if key in seen:
                continue
            seen.add(key)
            text = hit.text[start:end]
            found.append(
                Sentence(hit, key[1], key[2], text, content_stems(text, language), context)
            )
    return found


def content_stems(text: str, language: str) -> frozenset[str]:
    """The stems of the words that carry meaning; a list item's own number does not."""
    ignored = stopwords(language)
    words = word_spans(text[item_start(text) :])
    return frozenset(term(word, language) for word, _, _ in words if word not in ignored)


def item_start(text: str) -> int:
    """Where the words of a list item begin, behind its bullet or number; 0 in other text."""
    marker = _MARKER.match(text)
    return marker.end() if marker else 0


def term(word: str, language: str) -> str:
    """A (case folded) word as sentences are compared by: stemmed, numbers in one form."""
    return normal(stem(in_digits(word, language), language))


def normal(term: str) -> str:
    """Numbers without their grouping (1,200 and 1.200 are 1200); other terms as they are."""
    if not is_number(term):
        return term
    return re.sub(r"[.,](?=\d{3}(?:\D|$))", "", term)


@dataclass(frozen=True, slots=True)
class Rarity:
    """What a term is worth: the fewer sentences hold it, the more."""

    sentences: int
    frequency: Counter[str]

    @classmethod
    def among(cls, sentences: Sequence[Sentence]) -> Rarity:
        frequency: Counter[str] = Counter()
        for sentence in sentences:
            frequency.update(sentence.terms)
        return cls(len(sentences), frequency)

    def worth(self, term: str) -> float:
        """The inverse document frequency of BM25, over sentences; always above 0."""
        seen = self.frequency[term]
        return math.log(1 + (self.sentences - seen + 0.5) / (seen + 0.5))

    def total(self, terms: frozenset[str]) -> float:
        # Exactly rounded, so that the order of a set, which changes from run to run, cannot matter.
        return math.fsum(self.worth(term) for term in terms)
