"""The questions where routes disagree most, answers side by side, as HTML.

Shows for each route its answer with the sentences that have a source marked, and the passages
with the quoted words marked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pakar.evaluation.comparison import Comparison
from pakar.evaluation.measures import SCORE
from pakar.evaluation.questions import Question
from pakar.evaluation.record import Record
from pakar.evaluation.report_text import cut, safe, seconds
from pakar.types import Answer, Hit

_SHOWN = 12
_LONGEST = 1500
_PASSAGES = 3
Span = tuple[int, int]


def disagreements(done: Comparison) -> list[Question]:
    """The questions whose scores lie furthest apart, the furthest first; equal ones left out."""

    def apart(question: Question) -> float:
        scores = _scores(done, question).values()
        return max(scores) - min(scores) if len(scores) > 1 else 0.0

    ordered = sorted(done.questions, key=lambda one: (-apart(one), one.id))
    return [one for one in ordered if apart(one) > 0][:_SHOWN]


def cases(done: Comparison) -> str:
    return "".join(_case(done, question) for question in disagreements(done))


def _case(done: Comparison, question: Question) -> str:
    kind = ", ".join(filter(None, [question.type, "" if question.answerable else "unanswerable"]))
    scores = _scores(done, question)
    best = max(scores.values(), default=0.0)
    answers = "".join(
        _answer(route.name, done.records[route.name][question.id], scores, best)
        for route in done.routes
    )
    return (
        f'<article class="case"><h3 dir="auto">{safe(question.question)}</h3>'
        f'<div class="type">{safe(question.id)}{f" · {safe(kind)}" if kind else ""}</div>'
        f'{_reference(question)}<div class="answers">{answers}</div></article>'
    )


def _reference(question: Question) -> str:
    if not question.answerable:
        return '<div class="reference">The documents do not answer this; saying so is right.</div>'
    parts = [safe(cut(one, _LONGEST)) for one in question.answers]
    if question.must_contain:
        parts.append(f"Must contain: {safe(', '.join(question.must_contain))}")
    return f'<div class="reference" dir="auto">{"<br>".join(parts)}</div>' if parts else ""


def _answer(route: str, record: Record, scores: Mapping[str, float], best: float) -> str:
    score = scores.get(route)
    said = "not scored" if score is None else f"{score:.2f}"
    kind = "answer best" if score is not None and score == best else "answer"
    head = f"<h4>{safe(route)}<span>{said} · {seconds(record.seconds)}</span></h4>"
    if record.answer is None:
        return f'<div class="{kind}">{head}<p class="missing">{safe(record.error)}</p></div>'
    spans = [(one.answer_start, one.answer_end) for one in record.answer.citations]
    text = _marked(cut(record.answer.text, _LONGEST), spans)
    refused = '<p class="soft">Says that it does not know.</p>' if record.answer.abstained else ""
    sources = _sources(record.answer)
    return f'<div class="{kind}">{head}<p dir="auto">{text}</p>{refused}{sources}</div>'


def _sources(answer: Answer) -> str:
    if not answer.hits:
        return ""
    cited = {one.document for one in answer.citations}
    hits = sorted(answer.hits, key=lambda one: one.document not in cited)[:_PASSAGES]
    passages = "".join(_passage(hit, answer) for hit in hits)
    label = (
        f"{_counted(len(answer.citations), 'citation')}, {_counted(len(answer.hits), 'passage')}"
    )
    return f"<details><summary>{label}</summary>{passages}</details>"


def _counted(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def _passage(hit: Hit, answer: Answer) -> str:
    spans = [
        (one.start - hit.start, one.end - hit.start)
        for one in answer.citations
        if one.document == hit.document and one.start < hit.end and one.end > hit.start
    ]
    page = f", page {hit.page}" if hit.page is not None else ""
    text = _marked(cut(hit.text, _LONGEST), spans)
    return f'<div class="passage" dir="auto"><b>{safe(hit.document)}{page}</b>{text}</div>'


def _marked(text: str, spans: Iterable[Span]) -> str:
    """The text escaped, with the spans marked; spans that overlap become one."""
    parts, at = [], 0
    for start, end in _joined(spans, len(text)):
        parts += [safe(text[at:start]), f"<mark>{safe(text[start:end])}</mark>"]
        at = end
    return "".join([*parts, safe(text[at:])])


def _joined(spans: Iterable[Span], length: int) -> list[Span]:
    found: list[Span] = []
    for start, end in sorted((max(0, one), min(length, other)) for one, other in spans):
        if start >= end:
            continue
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def _scores(done: Comparison, question: Question) -> dict[str, float]:
    rows = {route.name: done.measured[route.name].get(question.id, {}) for route in done.routes}
    return {name: row[SCORE] for name, row in rows.items() if SCORE in row}
