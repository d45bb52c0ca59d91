"""The first page: ask, and see the answer with its sources."""

from __future__ import annotations

from contextlib import aclosing
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import HTMLResponse

from pakar.server.access.view import View
from pakar.server.answering import Asked, answering
from pakar.server.disconnect import while_connected
from pakar.server.pages.rendering import page
from pakar.server.problems import RequestError
from pakar.server.service import Service, service_of, view_of
from pakar.types import Answer

router = APIRouter()


@router.get("/")
async def ask_page(request: Request) -> HTMLResponse:
    return page(request, "ask.html", {"question": "", "answer": None, "problem": None})


@router.post("/")
async def ask(
    request: Request,
    question: Annotated[str, Form(max_length=20_000)],
    service: Annotated[Service, Depends(service_of)],
    view: Annotated[View, Depends(view_of)],
) -> HTMLResponse:
    try:
        answer = await while_connected(request, _answer(service, view, question))
    except RequestError as problem:
        shown = {"question": question, "answer": None, "problem": problem}
        return page(request, "ask.html", shown, problem.status)
    return page(request, "ask.html", {"question": question, "answer": answer, "problem": None})


async def _answer(service: Service, view: View, question: str) -> Answer:
    async with aclosing(answering(service.lanes, view, Asked(question))) as events:
        async for one in events:
            if isinstance(one, Answer):
                return one
    raise RequestError("the answer broke off", status=500, code="model_failed")
