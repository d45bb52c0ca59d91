"""Finds for each sentence of an answer the words of a document that support it.

Knows the answer's text and the sentences of the passages that the answer was made from. Small
models cannot be trusted to cite, so what they write about sources is ignored: support is found by
comparing words, numbers, names and negations, and a quote is given only where the document holds
it, letter for letter, at the offsets that the citation names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

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
COVERAGE = 0.82
# Of these, at least this share must stand in the quote itself, not only in the headings above it.
IN_QUOTE = 0.55
_LONGEST_WINDOW = 3
# A clause with fewer terms of its own is no statement, only the rest of one.
_LEAST_IN_CLAUSE = 3
# Where one statement of a sentence ends and the next begins.
_CLAUSE = re.compile(r";|,?\s\b(?:while|whereas|but|and|sedangkan|tetapi|namun|serta|dan)\b")
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
    is_label: bool


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
        found = _support(text, claim, windows, rarity, language)
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
    return _Claim(
        start, start + len(text), terms, frozenset(required & terms), _negated(text), ":" in text
    )


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
    """Single sentences, and runs of up to three in running text.

    List items and table rows are statements of their own: read together, they would seem to say
    of one thing what they say of another. The same holds for a denial and what stands beside it.
    """
    windows = []
    denied = [_negated(sentence.text) for sentence in sentences]
    for first in range(len(sentences)):
        terms: frozenset[str] = frozenset()
        for last in range(first, min(first + _LONGEST_WINDOW, len(sentences))):
            together = last == first or (
                sentences[last].hit is sentences[first].hit
                and denied[last] == denied[first]
                and not _stands_alone(sentences[first].text)
                and not _stands_alone(sentences[last].text)
            )
            if not together:
                break
            terms |= sentences[last].terms
            windows.append(_Window(sentences[first], sentences[last], terms, denied[first]))
    return windows


def _stands_alone(text: str) -> bool:
    return item_start(text) > 0 or " | " in text


def _support(
    text: str, claim: _Claim, windows: Sequence[_Window], rarity: Rarity, language: str
) -> list[tuple[_Window, float]]:
    """The window that holds the whole claim; else one for each of its clauses; else none."""
    whole = _best(claim, windows, rarity)
    if whole is not None:
        return [whole]
    clauses = [part for part in _CLAUSE.split(text) if word_spans(part)]
    if len(clauses) < 2:
        return []
    claims = [_claim(part, claim.start, language, frozenset()) for part in clauses]
    found: list[tuple[_Window, float]] = []
    for at, clause in enumerate(claims):
        others = frozenset().union(*(one.terms for one in claims[:at] + claims[at + 1 :]))
        best = None
        if len(clause.terms - others) >= _LEAST_IN_CLAUSE:
            best = _best(replace(clause, required=claim.required & clause.terms), windows, rarity)
        if best is None:
            return []
        found.append(best)
    unique = {(id(window.first), id(window.last)): (window, score) for window, score in found}
    return list(unique.values())


def _best(
    claim: _Claim, windows: Sequence[_Window], rarity: Rarity
) -> tuple[_Window, float] | None:
    """The window that holds most of the claim, the shortest of equals; None if too little."""
    total = rarity.total(claim.terms)
    if total <= 0 or not _says_something(claim):
        return None
    best: tuple[float, int, _Window] | None = None
    for window in windows:
        if window.negated != claim.negated:
            continue
        quoted = window.terms & claim.terms
        held = quoted | (window.first.context & claim.terms)
        coverage = rarity.total(held) / total
        enough = coverage >= COVERAGE and rarity.total(quoted) / total >= IN_QUOTE
        if not enough or not claim.required <= held:
            continue
        rank = (coverage + rarity.total(quoted) / total, -window.length)
        if best is None or rank > (best[0], best[1]):
            best = (*rank, window)
    if best is None:
        return None
    window = best[2]
    coverage = rarity.total((window.terms | window.first.context) & claim.terms) / total
    return window, round(coverage, 3)


def _says_something(claim: _Claim) -> bool:
    """One common word, a label or a small number such as a list's is found anywhere."""
    if len(claim.terms) > 1:
        return True
    return not claim.is_label and any(not is_number(one) or len(one) > 2 for one in claim.required)


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
        place=document.place_at(start),
    )


def _negated(text: str) -> bool:
    return is_negated(word for word, _, _ in word_spans(text))
