"""Summaries of documents and of their long sections, made of their own sentences.

A summary is a passage that stands for more than its words: its span is all that it sums up. It is
there to be found; what it says is proved by the content of that span. Knows documents and
passages; which sentences say the most is told by `pakar.language.centrality`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from pakar.config import Summaries
from pakar.documents.mediatype import TABLES
from pakar.documents.split import CountTokens, embedding_text
from pakar.language.centrality import central
from pakar.language.sentences import Span, sentence_spans
from pakar.language.terms import content_terms
from pakar.types import Document, Passage

# Shorter sentences name things and say nothing; longer ones leave no room for a second.
_FEWEST_WORDS = 4
_LONGEST = 500
_ROW_BORDER = " | "


@dataclass(frozen=True, slots=True)
class Part:
    """What gets a summary: the whole document, or a section with its headings. A span."""

    start: int
    end: int
    headings: tuple[str, ...] = ()


Summarise = Callable[[Document, Part], str]


def parts(document: Document, passages: Sequence[Passage], settings: Summaries) -> list[Part]:
    """The document, if it has enough passages, and each of its sections that is long enough.

    A section that is all there is of what it lies in has no summary of its own. Tables have
    cards instead.
    """
    if document.media_type in TABLES or len(passages) < settings.document_passages:
        return []
    starts = [passage.start for passage in passages]
    whole = (0, len(passages))
    found = [Part(passages[0].start, passages[-1].end)]
    seen = {whole}
    for start, end in _sections(document):
        first, stop = bisect_left(starts, start), bisect_left(starts, end)
        if stop - first >= settings.section_passages and (first, stop) not in seen:
            seen.add((first, stop))
            headings = document.headings_at(starts[first])
            found.append(Part(starts[first], passages[stop - 1].end, headings))
    return found


def summaries(
    document: Document,
    passages: Sequence[Passage],
    settings: Summaries,
    summarise: Summarise,
    *,
    tokens: tuple[int, CountTokens],
) -> list[Passage]:
    """A passage of the kind "summary" for each part, in the order of `parts`.

    `tokens` are the most that one may have as it is embedded, and how they are counted. A part of
    which `summarise` says nothing, or nothing short enough, has none.
    """
    made = []
    for part in parts(document, passages, settings):
        text = _fitting(document, part, summarise(document, part), tokens)
        if 0 < len(text) < part.end - part.start:
            made.append(_passage(document, part, text))
    return made


class Extractive:
    """Takes the sentences that say the most, verbatim, a line each, in the document's order.

    Keeps the words of the last document that it was asked about.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._of: Document | None = None
        self._spans: list[Span] = []
        self._words: list[list[str]] = []

    def __call__(self, document: Document, part: Part) -> str:
        if document is not self._of:
            self._read(document)
        starts = [start for start, _ in self._spans]
        first, stop = bisect_left(starts, part.start), bisect_left(starts, part.end)
        chosen = central(self._words[first:stop], self._most)
        lines = [document.text[slice(*self._spans[first + at])] for at in sorted(chosen)]
        return "\n".join(lines)

    def _read(self, document: Document) -> None:
        self._of = document
        everything = list(_sentences(document))
        told = [one for one in everything if _tells(document.text[slice(*one[0])], one[1])]
        kept = told if len(told) >= self._most else everything
        self._spans = [span for span, _ in kept]
        self._words = [words for _, words in kept]


def _sentences(document: Document) -> Iterator[tuple[Span, list[str]]]:
    """All sentences but headings, with the words that carry meaning."""
    headings = {mark.start for mark in document.marks if mark.kind == "heading"}
    for start, end in sentence_spans(document.text, document.language):
        if start not in headings and end - start <= _LONGEST:
            yield (start, end), content_terms(document.text[start:end], document.language)


def _tells(text: str, words: Sequence[str]) -> bool:
    return len(words) >= _FEWEST_WORDS and _ROW_BORDER not in text


def _sections(document: Document) -> Iterator[Span]:
    """The span of each heading's section, up to the next heading of its level or above."""
    open_at: list[tuple[int, int]] = []
    found: list[Span] = []
    for mark in document.marks:
        if mark.kind == "heading":
            while open_at and open_at[-1][1] >= mark.level:
                found.append((open_at.pop()[0], mark.start))
            open_at.append((mark.start, mark.level))
    found += [(start, len(document.text)) for start, _ in open_at]
    return iter(sorted(found, key=lambda span: (span[0], -span[1])))


def _fitting(document: Document, part: Part, text: str, tokens: tuple[int, CountTokens]) -> str:
    """The text without as many of its last lines as the embedder would not read."""
    most, count = tokens
    lines = text.split("\n") if text.strip() else []
    shorter = ["\n".join(lines[:end]) for end in range(len(lines), 0, -1)]
    texts = [embedding_text(_passage(document, part, one)) for one in shorter]
    counts = count(texts) if texts else []
    return next((one for one, n in zip(shorter, counts, strict=True) if n <= most), "")


def _passage(document: Document, part: Part, text: str) -> Passage:
    return Passage(
        document=document.name,
        start=part.start,
        end=part.end,
        text=text,
        kind="summary",
        title=document.title,
        headings=part.headings,
        page=document.page_at(part.start),
        language=document.language,
    )
