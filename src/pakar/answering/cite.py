"""Finds for each sentence of an answer the words of a document that support it.

Knows the answer's text and the sentences of the passages that the answer was made from. Small
models cannot be trusted to cite, so what they write about sources is ignored: support is found by
comparing words, numbers, names and negations, and a quote is given only where the document holds
it, letter for letter, at the offsets that the citation names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pakar.answering.evidence import Rarity, Sentence, content_stems, normal, sentences_of
from pakar.language.function_words import is_negated
from pakar.language.sentences import sentence_spans
from pakar.language.terms import is_number, stem, word_spans
from pakar.types import Citation, Document, Hit

LoadDocument = Callable[[str], Document]

# Share of a sentence's weighted content words that its sources must hold. Chosen by reading
# answers about the development company (docs/measurements.md).
COVERAGE = 0.72
# Of these, at least this share must stand in the quote itself, not only in the headings above it.
IN_QUOTE = 0.55
_LONGEST_WINDOW = 3
_MOST_QUOTES = 3
_MARKUP = re.compile(r"\[\d+\]|\*\*|__")


@dataclass(frozen=True, slots=True)
class Support:
    """Citations in the order of the answer, and the sentences for which there are none."""

    citations: tuple[Citation, ...]
    unsupported: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Claim:
    """One sentence of the answer and what its sources must hold."""

    start: int
    end: int
    terms: frozenset[str]
    required: frozenset[str]
    negated: bool


@dataclass(frozen=True, slots=True)
class _Window:
    """Adjacent sentences of one passage, read as one quote."""

    first: Sentence
    last: Sentence
    terms: frozenset[str]
    negated: bool


def cite(answer: str, hits: Sequence[Hit], *, language: str, load: LoadDocument) -> Support:
    """Aligns every sentence of `answer` with the passages of `hits`.

    `load` gives a document by name; a quote that is not in it verbatim is never cited.
    """
    sentences = sentences_of(hits)
    rarity = Rarity.among(sentences)
    windows = _windows(sentences)
    citations: list[Citation] = []
    unsupported: list[str] = []
    for start, end in sentence_spans(answer, language):
        claim = _claim(answer, start, end, language)
        found = _support(claim, windows, rarity)
        quotes = [one for window, score in found if (one := _quote(claim, window, score, load))]
        if found and len(quotes) == len(found):
            citations += quotes
        else:
            unsupported.append(answer[start:end])
    return Support(tuple(citations), tuple(unsupported))


def _claim(answer: str, start: int, end: int, language: str) -> _Claim:
    text = _MARKUP.sub(lambda match: " " * len(match.group()), answer[start:end])
    terms = content_stems(text, language)
    found = word_spans(text)
    required = {
        normal(stem(word, language))
        for position, (word, at, _) in enumerate(found)
        if is_number(word) or (position > 0 and text[at].isupper())
    }
    return _Claim(start, end, terms, frozenset(required & terms), _negated(text))


def _windows(sentences: Sequence[Sentence]) -> list[_Window]:
    windows = []
    for first in range(len(sentences)):
        terms: frozenset[str] = frozenset()
        negated = False
        for last in range(first, min(first + _LONGEST_WINDOW, len(sentences))):
            if sentences[last].hit is not sentences[first].hit:
                break
            terms |= sentences[last].terms
            negated = negated or _negated(sentences[last].text)
            windows.append(_Window(sentences[first], sentences[last], terms, negated))
    return windows


def _support(
    claim: _Claim, windows: Sequence[_Window], rarity: Rarity
) -> list[tuple[_Window, float]]:
    """The fewest windows that together hold enough of the claim; none where they do not."""
    total = rarity.total(claim.terms)
    if not claim.terms or total <= 0:
        return []
    chosen: list[_Window] = []
    held: frozenset[str] = frozenset()
    quoted: frozenset[str] = frozenset()
    while len(chosen) < _MOST_QUOTES:
        best = _best(claim, windows, held, rarity)
        if best is None:
            return []
        chosen.append(best)
        quoted |= best.terms & claim.terms
        held |= (best.terms | best.first.context) & claim.terms
        coverage = rarity.total(held) / total
        enough = coverage >= COVERAGE and rarity.total(quoted) / total >= IN_QUOTE
        if enough and claim.required <= held:
            return [(window, round(coverage, 3)) for window in chosen]
    return []


def _best(
    claim: _Claim, windows: Sequence[_Window], held: frozenset[str], rarity: Rarity
) -> _Window | None:
    """The window that adds most to what is held, a shorter one before a longer one."""

    def gain(window: _Window) -> float:
        new = (window.terms & claim.terms) - held
        near = (window.first.context & claim.terms) - held - new
        return rarity.total(new) + 0.3 * rarity.total(near)

    total = rarity.total(claim.terms)
    best: _Window | None = None
    best_gain = 0.2 * total
    for window in windows:
        if window.negated != claim.negated:
            continue
        length = 1 + sum(1 for _ in range(window.first.start, window.last.end, 400))
        value = gain(window) * (1 - 0.02 * length)
        if value > best_gain:
            best, best_gain = window, value
    return best


def _quote(claim: _Claim, window: _Window, score: float, load: LoadDocument) -> Citation | None:
    hit = window.first.hit
    start, end = window.first.start, window.last.end
    quote = hit.text[start - hit.start : end - hit.start]
    document = load(hit.document)
    if document.text[start:end] != quote:
        return None
    return Citation(
        document=hit.document,
        start=start,
        end=end,
        quote=quote,
        answer_start=claim.start,
        answer_end=claim.end,
        score=score,
        page=document.page_at(start),
        heading=" > ".join(document.headings_at(start)),
        title=document.title,
    )


def _negated(text: str) -> bool:
    return is_negated(word for word, _, _ in word_spans(text))
