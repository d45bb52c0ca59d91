"""The first page: ask, and see the answer with its sources as it is written."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Path, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from pakar.server.access.view import View
from pakar.server.answering import Asked
from pakar.server.conversing import Kept, Shown, details
from pakar.server.disconnect import EventStream, while_connected
from pakar.server.pages.answer_parts import shape
from pakar.server.pages.rendering import html, page
from pakar.server.problems import RequestError, problem_of
from pakar.server.service import Service, service_of, view_of

router = APIRouter()
Viewed = Annotated[View, Depends(view_of)]
Served = Annotated[Service, Depends(service_of)]
Key = Annotated[str, Path(min_length=1, max_length=100)]
Question = Annotated[str, Form(min_length=1, max_length=20_000)]
Short = Annotated[str, Form(max_length=300)]


@router.get("/")
def ask_page(request: Request, view: Viewed, service: Served) -> HTMLResponse:
    return page(request, "ask.html", _values(view, service))


@router.get("/c/{key}")
def conversation_page(key: Key, request: Request, view: Viewed, service: Served) -> HTMLResponse:
    """A conversation that was kept, to be read and gone on with."""
    found = service.talk.conversations.get(view.visitor.id, key)
    turns = service.talk.shown(view, key)
    values = _values(view, service) | {
        "conversation": found,
        "turns": [turn_values(one) for one in turns],
    }
    return page(request, "ask.html", values)


@router.post("/")
async def ask(
    request: Request,
    question: Question,
    view: Viewed,
    service: Served,
    conversation: Short = "",
    route: Short = "",
) -> Response:
    """For browsers without scripts: answers, then leads to the conversation."""
    asked = Asked(question, route=route or None)
    kept = await while_connected(request, _kept(service, view, asked, conversation))
    return RedirectResponse(f"/c/{kept.conversation}", 303)


@router.post("/ask/stream")
async def ask_stream(
    request: Request,
    question: Question,
    view: Viewed,
    service: Served,
    conversation: Short = "",
    route: Short = "",
) -> EventStream:
    """The pieces as they are written, then the answer as the page shows it, as events."""
    asked = Asked(question, route=route or None)
    return EventStream(_events(request, service, view, asked, conversation))


async def _events(
    request: Request, service: Service, view: View, asked: Asked, conversation: str
) -> AsyncGenerator[str, None]:
    try:
        async with aclosing(service.talk.ask(view, asked, conversation)) as events:
            async for one in events:
                if isinstance(one, Kept):
                    answer = _finished(request, one, asked.question)
                    if not conversation:
                        answer["heading"] = _heading(request, service, view, one)
                    yield _event("answer", answer)
                else:
                    yield _event("piece", one)
    except Exception as error:
        problem = problem_of(error)
        yield _event("problem", {"message": str(problem), "hint": problem.hint})


def _event(name: str, value: object) -> str:
    return f"event: {name}\ndata: {json.dumps(value)}\n\n"


def _finished(request: Request, kept: Kept, question: str) -> dict[str, str]:
    turn = Shown(kept.turn, question, kept.answer.text, details(kept.answer), "", False)
    shown = html(request, "parts/answer.html", {"turn": turn_values(turn)})
    return {"html": shown, "conversation": kept.conversation}


def _heading(request: Request, service: Service, view: View, kept: Kept) -> str:
    """What stands above a conversation that has just begun."""
    begun = service.talk.conversations.get(view.visitor.id, kept.conversation)
    return html(request, "parts/heading.html", {"conversation": begun})


def turn_values(turn: Shown) -> dict[str, object]:
    """A turn with its answer taken apart."""
    return {"shown": turn, "shape": shape(turn.answer, turn.details)}


def _values(view: View, service: Service) -> dict[str, object]:
    return {
        "conversation": None,
        "turns": [],
        "conversations": service.talk.conversations.all(view.visitor.id, limit=50),
        "words": "",
        "routes": view.routes(),
        "usual_route": view.expert.config.answering.route,
        "has_documents": bool(view.documents()),
    }


async def _kept(service: Service, view: View, asked: Asked, conversation: str) -> Kept:
    async with aclosing(service.talk.ask(view, asked, conversation)) as events:
        async for one in events:
            if isinstance(one, Kept):
                return one
    raise RequestError("the answer broke off", status=500, code="model_failed")
