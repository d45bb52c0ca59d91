"""Answers as completions and as chunks of them. Knows the form; begins no answer."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field

from pydantic import BaseModel

from pakar.server.openai.footnotes import notes, with_footnotes
from pakar.server.openai.wire import (
    AnswerMessage,
    Choice,
    Chunk,
    ChunkChoice,
    CitationBody,
    Completion,
    ComputationBody,
    Delta,
    FinishReason,
    UsageBody,
)
from pakar.types import Answer

DONE = "data: [DONE]\n\n"


@dataclass(frozen=True, slots=True)
class Form:
    """How one answer is to look. `structured`: JSON was asked for, so that words that are none are
    a refusal."""

    model: str
    footnotes: bool = False
    structured: bool = False
    with_usage: bool = False
    id: str = field(default_factory=lambda: f"chatcmpl-{secrets.token_hex(12)}")
    created: int = field(default_factory=lambda: int(time.time()))


def completion(answer: Answer, form: Form) -> Completion:
    """The whole answer at once."""
    text = with_footnotes(answer) if form.footnotes else answer.text
    refused = form.structured and answer.abstained
    message = AnswerMessage(
        content=None if refused else text,
        refusal=text if refused else None,
        citations=citations(answer),
        unsupported=list(answer.unsupported),
        abstained=answer.abstained,
        computation=computation(answer),
    )
    choice = Choice(message=message, finish_reason=_reason(answer))
    return Completion(
        id=form.id,
        created=form.created,
        model=form.model,
        choices=[choice],
        usage=usage(answer),
    )


def first_chunk(form: Form) -> str:
    return event(_chunk(form, Delta(role="assistant", content="")))


def piece_chunk(form: Form, piece: str) -> str:
    return event(_chunk(form, Delta(content=piece)))


def last_chunks(form: Form, answer: Answer) -> Iterator[str]:
    """Footnotes where they were asked for, then the sources with the reason of the end."""
    if form.footnotes and (below := notes(answer.citations)):
        yield piece_chunk(form, below)
    delta = Delta(
        citations=citations(answer),
        unsupported=list(answer.unsupported),
        abstained=answer.abstained,
        computation=computation(answer),
    )
    if form.structured and answer.abstained:
        delta.refusal = answer.text
    yield event(_chunk(form, delta, _reason(answer)))
    if form.with_usage:
        whole = Chunk(id=form.id, created=form.created, model=form.model, choices=[])
        whole.usage = usage(answer)
        yield event(whole)
    yield DONE


def citations(answer: Answer) -> list[CitationBody]:
    return [
        CitationBody(
            document=one.document,
            title=one.title,
            page=one.page,
            heading=one.heading,
            start=one.start,
            end=one.end,
            quote=one.quote,
            answer_start=one.answer_start,
            answer_end=one.answer_end,
            score=one.score,
            place=one.place,
        )
        for one in answer.citations
    ]


def computation(answer: Answer) -> ComputationBody | None:
    done = answer.computation
    return None if done is None else ComputationBody.model_validate(asdict(done))


def usage(answer: Answer) -> UsageBody:
    read, written = answer.usage.read, answer.usage.written
    return UsageBody(prompt_tokens=read, completion_tokens=written, total_tokens=read + written)


def event(body: BaseModel) -> str:
    """One server-sent event; what is not set is left out."""
    return f"data: {body.model_dump_json(exclude_unset=True)}\n\n"


def _chunk(form: Form, delta: Delta, reason: FinishReason | None = None) -> Chunk:
    choice = ChunkChoice(index=0, delta=delta, finish_reason=reason)
    return Chunk(
        id=form.id,
        object="chat.completion.chunk",
        created=form.created,
        model=form.model,
        choices=[choice],
    )


def _reason(answer: Answer) -> FinishReason:
    return "length" if answer.usage.cut else "stop"
