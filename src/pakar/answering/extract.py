"""Answers without a language model: the sentences that best answer the question, verbatim.

Knows the question's words, the hits and their scores. It cannot invent, loads no model, and is the
floor that every model has to beat.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pakar.answering.evidence import Rarity, Sentence, content_stems, sentences_of
from pakar.types import Citation, Document, Hit

LoadDocument = Callable[[str], Document]
# Cosine similarities of a question to each of some texts.
Similarities = Callable[[str, Sequence[str]], list[float]]

# Learned on the training questions of the example (docs/measurements.md).
_MOST_SENTENCES = 3
_LEAST_SHARE_OF_BEST = 0.6
_CONTEXT_WORTH = 0.8
_SIMILARITY_WORTH = 0.5
# Only the best by words are compared by meaning too, which keeps the answer instant.
_COMPARED = 16


@dataclass(frozen=True, slots=True)
class Extract:
    """The chosen sentences in reading order, one a line, and one citation for each."""

    text: str
    citations: tuple[Citation, ...]


def extract(
    question: str,
    hits: Sequence[Hit],
    *,
    language: str,
    load: LoadDocument,
    similarities: Similarities,
) -> Extract:
    """Up to three sentences of the hits that best answer the question.

    A sentence is worth the share of the question's words that it or the headings above it hold,
    plus the score of its passage, plus half its similarity in meaning. `load` gives a document by
    name.
    """
    # A summary finds; what it was made of proves. It is quoted only where there is nothing else.
    hits = [hit for hit in hits if hit.kind != "summary"] or list(hits)
    headings = _heading_starts(hits, load)
    sentences = [one for one in sentences_of(hits) if (one.hit.document, one.start) not in headings]
    by_words = _scores(question, sentences, hits, language)
    order = sorted(range(len(sentences)), key=lambda at: -by_words[at])[:_COMPARED]
    candidates = [sentences[at] for at in order]
    alike = _spread(similarities(question, [_in_place(one) for one in candidates]))
    scores = [
        by_words[at] + _SIMILARITY_WORTH * near for at, near in zip(order, alike, strict=True)
    ]
    text = ""
    citations = []
    for sentence in _reading_order(_best(candidates, scores), hits):
        start = len(text)
        text += f"{sentence.text}\n"
        citations.append(_citation(sentence, start, load(sentence.hit.document)))
    return Extract(text.rstrip("\n"), tuple(citations))


def _heading_starts(hits: Sequence[Hit], load: LoadDocument) -> set[tuple[str, int]]:
    """Where headings stand in the hits' documents: they announce an answer and hold none."""
    return {
        (name, mark.start)
        for name in {hit.document for hit in hits}
        for mark in load(name).marks
        if mark.kind == "heading"
    }


def _in_place(sentence: Sentence) -> str:
    """The sentence below its nearest heading, without which a list item says little."""
    headings = sentence.hit.passage.headings
    return f"{headings[-1]}: {sentence.text}" if headings else sentence.text


def _spread(values: Sequence[float]) -> list[float]:
    low, high = min(values, default=0.0), max(values, default=0.0)
    return [(value - low) / ((high - low) or 1.0) for value in values]


def _scores(
    question: str, sentences: Sequence[Sentence], hits: Sequence[Hit], language: str
) -> list[float]:
    asked = content_stems(question, language)
    rarity = Rarity.among(sentences)
    whole = rarity.total(asked) or 1.0
    passage = dict(zip(map(id, hits), _spread([hit.score for hit in hits]), strict=True))

    def score(sentence: Sentence) -> float:
        said = rarity.total(asked & sentence.terms)
        above = rarity.total((asked & sentence.context) - sentence.terms)
        return (said + _CONTEXT_WORTH * above) / whole + passage[id(sentence.hit)]

    return [score(sentence) for sentence in sentences]


def _best(sentences: Sequence[Sentence], scores: Sequence[float]) -> list[Sentence]:
    order = sorted(range(len(sentences)), key=lambda at: -scores[at])
    informative = [at for at in order if sentences[at].terms - sentences[at].context]
    chosen: list[Sentence] = []
    for at in informative:
        good = not chosen or scores[at] >= _LEAST_SHARE_OF_BEST * scores[informative[0]]
        if good and all(sentences[at].text != one.text for one in chosen):
            chosen.append(sentences[at])
        if len(chosen) == _MOST_SENTENCES:
            break
    return chosen


def _reading_order(chosen: Sequence[Sentence], hits: Sequence[Hit]) -> list[Sentence]:
    rank: dict[str, int] = {}
    for hit in hits:
        rank.setdefault(hit.document, len(rank))
    return sorted(chosen, key=lambda one: (rank[one.hit.document], one.start))


def _citation(sentence: Sentence, start: int, document: Document) -> Citation:
    return Citation(
        document=sentence.hit.document,
        start=sentence.start,
        end=sentence.end,
        quote=document.text[sentence.start : sentence.end],
        answer_start=start,
        answer_end=start + len(sentence.text),
        score=1.0,
        page=document.page_at(sentence.start),
        heading=" > ".join(document.headings_at(sentence.start)),
        title=document.title,
        place=document.place_at(sentence.start),
    )
