"""Asking in conversations that are kept, and what users say of the answers."""

from __future__ import annotations

import json
from contextlib import aclosing
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.responses import Response

from pakar.server.access.view import View
from pakar.server.answering import Asked
from pakar.server.api.forms import (
    AnswerBody,
    AskRequest,
    ConversationDetail,
    Conversations,
    FeedbackBody,
    FeedbackRequest,
    answer_body,
    conversation_body,
    detail_body,
)
from pakar.server.conversing import Kept
from pakar.server.disconnect import while_connected
from pakar.server.problems import RequestError
from pakar.server.service import Service, service_of, view_of
from pakar.server.storage.feedback import Remark
from pakar.types import Source

router = APIRouter()
Viewed = Annotated[View, Depends(view_of)]
Served = Annotated[Service, Depends(service_of)]
Key = Annotated[str, Path(min_length=1, max_length=100)]


@router.post("/ask")
async def ask(body: AskRequest, request: Request, view: Viewed, service: Served) -> AnswerBody:
    """Answers with sources; question and answer are kept before the response is sent."""
    kept = await while_connected(request, _kept(service, view, body))
    return answer_body(kept)


@router.get("/conversations")
def conversations(
    view: Viewed, service: Served, words: Annotated[str, Query(max_length=200)] = ""
) -> Conversations:
    """The caller's own, the newest first; with `words`, those in whose questions they stand."""
    found = service.talk.conversations.all(view.visitor.id, words)
    return Conversations(conversations=[conversation_body(one) for one in found])


@router.get("/conversations/{key}")
def conversation(key: Key, view: Viewed, service: Served) -> ConversationDetail:
    """One with its turns."""
    return _detail(key, view, service)


@router.get("/conversations/{key}/export", response_class=Response)
def export(key: Key, view: Viewed, service: Served) -> Response:
    """The same as a file."""
    text = json.dumps(_detail(key, view, service).model_dump(), ensure_ascii=False, indent=2)
    return Response(
        text.encode("utf-8", "replace"),
        media_type="application/json",
        headers={"Content-Disposition": 'attachment; filename="conversation.json"'},
    )


@router.delete("/conversations/{key}", status_code=204)
def delete(key: Key, view: Viewed, service: Served) -> Response:
    """For good."""
    service.talk.conversations.delete(view.visitor.id, key)
    service.audit.note(view.visitor, "conversation deleted", key)
    return Response(status_code=204)


@router.post("/feedback", status_code=201)
def feedback(body: FeedbackRequest, view: Viewed, service: Served) -> FeedbackBody:
    """Keeps what the caller says of one of their own answers."""
    turn = service.talk.conversations.turn(view.visitor.id, body.turn)
    sources = []
    for one in body.sources:
        document = view.document(one.document)
        sources.append(Source(one.document, document.content_hash, one.start, one.end))
    documents = {*turn.documents, *(one.document for one in sources)}
    key = service.feedback.add(
        view.visitor.id,
        turn.id,
        (turn.question, turn.answer),
        Remark(body.verdict, body.correction, tuple(sources)),
        sorted(documents),
    )
    return FeedbackBody(id=key)


async def _kept(service: Service, view: View, body: AskRequest) -> Kept:
    asked = Asked(body.question, route=body.route)
    async with aclosing(service.talk.ask(view, asked, body.conversation)) as events:
        async for one in events:
            if isinstance(one, Kept):
                return one
    raise RequestError("the answer broke off", status=500, code="model_failed")


def _detail(key: str, view: View, service: Service) -> ConversationDetail:
    found = service.talk.conversations.get(view.visitor.id, key)
    return detail_body(found, service.talk.shown(view, key))
