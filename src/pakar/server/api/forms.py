"""Requests and responses of pakar's own interface."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from pakar.server.conversing import Kept, Shown
from pakar.server.openai.completion import citations, computation
from pakar.server.openai.wire import CitationBody, ComputationBody
from pakar.server.storage.conversations import Conversation
from pakar.types import Document, Hit

Name = Annotated[str, Field(min_length=1, max_length=4000)]


class _Sent(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SearchRequest(_Sent):
    query: Annotated[str, Field(max_length=20_000)]
    k: Annotated[int, Field(ge=1, le=100)] = 10
    documents: Annotated[list[Name], Field(max_length=100)] = []
    kinds: list[Literal["content", "summary", "row"]] = []
    heading: Annotated[str, Field(max_length=1000)] = ""


class HitBody(BaseModel):
    document: str
    title: str
    page: int | None
    heading: str
    start: int
    end: int
    text: str
    kind: str
    score: float
    place: str = ""


class Hits(BaseModel):
    hits: list[HitBody]


class Documents(BaseModel):
    documents: list[str]


class Span(BaseModel):
    """A part of a document's text; `total` counts all its characters."""

    document: str
    title: str
    page: int | None
    heading: str
    start: int
    end: int
    total: int
    text: str


class AskRequest(_Sent):
    question: Annotated[str, Field(min_length=1, max_length=20_000)]
    route: Annotated[str, Field(max_length=300)] | None = None
    conversation: Annotated[
        str, Field(max_length=100, description="Goes on with this one; empty begins a new one.")
    ] = ""


class AnswerBody(BaseModel):
    conversation: str
    turn: str
    answer: str
    route: str
    abstained: bool
    citations: list[CitationBody]
    unsupported: list[str]
    notes: list[str]
    computation: ComputationBody | None = None


class ConversationBody(BaseModel):
    id: str
    title: str
    created: str
    updated: str


class Conversations(BaseModel):
    conversations: list[ConversationBody]


class TurnBody(BaseModel):
    """`withheld`: the reader may no longer read what the answer rests on; only the question is
    left."""

    id: str
    question: str
    answer: str
    details: dict[str, object]
    created: str
    withheld: bool


class ConversationDetail(ConversationBody):
    turns: list[TurnBody]


class MarkedSource(_Sent):
    document: Name
    start: Annotated[int, Field(ge=0)] = 0
    end: Annotated[int, Field(ge=0)] = 0


class FeedbackRequest(_Sent):
    turn: Annotated[str, Field(min_length=1, max_length=100)]
    verdict: Literal["up", "down", "none"]
    correction: Annotated[str, Field(max_length=20_000)] = ""
    sources: Annotated[list[MarkedSource], Field(max_length=20)] = []


class FeedbackBody(BaseModel):
    id: str


def hit_body(hit: Hit) -> HitBody:
    return HitBody(
        document=hit.document,
        title=hit.passage.title,
        page=hit.page,
        heading=hit.heading,
        start=hit.start,
        end=hit.end,
        text=hit.text,
        kind=hit.kind,
        score=hit.score,
        place=hit.passage.place,
    )


def span_body(document: Document, start: int, end: int) -> Span:
    last = min(end, len(document.text))
    first = min(start, last)
    return Span(
        document=document.name,
        title=document.title,
        page=document.page_at(first),
        heading=" > ".join(document.headings_at(first)),
        start=first,
        end=last,
        total=len(document.text),
        text=document.text[first:last],
    )


def answer_body(kept: Kept) -> AnswerBody:
    answer = kept.answer
    return AnswerBody(
        conversation=kept.conversation,
        turn=kept.turn,
        answer=answer.text,
        route=answer.route,
        abstained=answer.abstained,
        citations=citations(answer),
        unsupported=list(answer.unsupported),
        notes=list(answer.notes),
        computation=computation(answer),
    )


def conversation_body(one: Conversation) -> ConversationBody:
    return ConversationBody(**asdict(one))


def detail_body(one: Conversation, turns: tuple[Shown, ...]) -> ConversationDetail:
    return ConversationDetail(**asdict(one), turns=[TurnBody(**asdict(turn)) for turn in turns])
