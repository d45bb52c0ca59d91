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

from pakar.answering.evidence import (
    Rarity,
    Sentence,
    content_stems,
    item_start,
    sentences_of,
    term,
)
from pakar.language.function_words import is_negated
from pakar.language.sentences import sentence_spans
from pakar.language.terms import is_number, word_spans
from pakar.types import Citation, Document, Hit

LoadDocument = Callable[[str], Document]

# Share of a sentence's weighted content words that its sources must hold. Chosen by reading
# answers about the development company (docs/measurements.md).
COVERAGE = 0.72
# Of these, at least this share must stand in the quote itself, not only in the headings above it.
IN_QUOTE = 0.55
_LONGEST_WINDOW = 3
_MOST_QUOTES = 3
_MARKUP = re.compile(r"\[\d+(?:\s*[,;–-]\s*\d+)*\]|\*\*|__")


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

    @property
    def length(self) -> int:
        return self.last.end - self.first.start


def cite(answer: str, hits: Sequence[Hit], *, language: str, load: LoadDocument) -> Support:
    """Aligns every sentence of `answer` with the passages of `hits`.

    `load` gives a document by name; a quote that is not in it verbatim is never cited.
    """
    sentences = sentences_of(hits)
    rarity = Rarity.among(sentences)
    windows = _windows(sentences)
    names = _names(sentences)
    citations: list[Citation] = []
    unsupported: list[str] = []
    for start, end in sentence_spans(answer, language):
        text = _without_markup(answer[start:end])
        if not word_spans(text):
            continue  # a marker on its own claims nothing
        claim = _claim(text, start, language, names)
        found = _support(claim, windows, rarity)
        quotes = [one for window, score in found if (one := _quote(claim, window, score, load))]
        if found and len(quotes) == len(found):
            citations += quotes
        else:
            unsupported.append(answer[start:end])
    return Support(tuple(citations), tuple(unsupported))


def _without_markup(text: str) -> str:
    return _MARKUP.sub(lambda match: " " * len(match.group()), text)


def _claim(text: str, start: int, language: str, names: frozenset[str]) -> _Claim:
    terms = content_stems(text, language)
    first = item_start(text)
    spoken = [(word, first + at) for word, at, _ in word_spans(text[first:])]
    required = {
        term(word, language)
        for position, (word, at) in enumerate(spoken)
        if is_number(term(word, language))
        or (text[at].isupper() and (position > 0 or _begins_with_name(text, spoken, names)))
    }
    return _Claim(start, start + len(text), terms, frozenset(required & terms), _negated(text))


def _begins_with_name(text: str, spoken: Sequence[tuple[str, int]], names: frozenset[str]) -> bool:
    """Every first word has a capital; a name's is followed by another, or is known as a name."""
    return spoken[0][0] in names or (len(spoken) > 1 and text[spoken[1][1]].isupper())


def _names(sentences: Sequence[Sentence]) -> frozenset[str]:
    """The words that have a capital inside a sentence of running text."""
    return frozenset(
        word
        for sentence in sentences
        for word, at, _ in word_spans(sentence.text)[1:]
        if sentence.text[at].isupper()
    )


def _windows(sentences: Sequence[Sentence]) -> list[_Window]:
    windows = []
    denied = [_negated(sentence.text) for sentence in sentences]
    for first in range(len(sentences)):
        terms: frozenset[str] = frozenset()
        for last in range(first, min(first + _LONGEST_WINDOW, len(sentences))):
            if sentences[last].hit is not sentences[first].hit:
                break
            if denied[last] != denied[first]:
                break  # else a denial nearby would lend itself to what it does not deny
            terms |= sentences[last].terms
            windows.append(_Window(sentences[first], sentences[last], terms, denied[first]))
    return windows


def _support(
    claim: _Claim, windows: Sequence[_Window], rarity: Rarity
) -> list[tuple[_Window, float]]:
    """The fewest windows that together hold enough of the claim; none where they do not."""
    total = rarity.total(claim.terms)
    if total <= 0 or (len(claim.terms) == 1 and not claim.required):
        return []  # one common word is found anywhere
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
        is_shorter = best is not None and value == best_gain and window.length < best.length
        if value > best_gain or is_shorter:
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
