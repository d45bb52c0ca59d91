"""POST /v1/chat/completions: the last turn is the question, the turns before it its history."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from pakar.answering.wish import Wish
from pakar.errors import ModelError
from pakar.server.access.view import View
from pakar.server.answering import Asked, Events, answering
from pakar.server.disconnect import EventStream, while_connected
from pakar.server.openai import names
from pakar.server.openai.completion import (
    Form,
    completion,
    event,
    first_chunk,
    last_chunks,
    piece_chunk,
)
from pakar.server.openai.errors import error_body
from pakar.server.openai.structured import (
    Schema,
    check_schema,
    require_following,
    schema_problem,
)
from pakar.server.openai.wire import ChatRequest, Completion, SchemaFormat, TextFormat
from pakar.server.problems import RequestError, problem_of
from pakar.server.service import Service, service_of, view_of
from pakar.types import Answer, Message

router = APIRouter()
_ANY_OBJECT: Schema = {"type": "object"}


@router.post(
    "/chat/completions",
    response_model=Completion,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def chat_completions(
    body: ChatRequest,
    request: Request,
    service: Annotated[Service, Depends(service_of)],
    view: Annotated[View, Depends(view_of)],
) -> Response:
    """Answers the last turn with sources. The turns before it are its history."""
    named = names.parse(body.model, service.name, view.routes())
    asked = _asked(body, named.route)
    form = Form(
        body.model,
        footnotes=named.footnotes or body.footnotes,
        structured=asked.wish.schema is not None,
        with_usage=bool(body.stream_options and body.stream_options.include_usage),
    )
    events = _checked(answering(service.lanes, view, asked), asked.wish.schema)
    if not body.stream:
        answer = await while_connected(request, _whole(events))
        done = completion(answer, form)
        return Response(done.model_dump_json(), media_type="application/json")
    # The first event is waited for, so that what fails at once has a status of its own.
    first = await while_connected(request, anext(events))
    return EventStream(_chunks(first, events, form))


async def _checked(events: Events, schema: Schema | None) -> Events:
    """The same events. With a schema, its failures and an answer that breaks it are problems of
    the request."""
    async with aclosing(events):
        try:
            async for one in events:
                if schema is not None and isinstance(one, Answer):
                    await asyncio.to_thread(require_following, one, schema)
                yield one
        except ModelError as error:
            raise (problem_of(error) if schema is None else schema_problem(error)) from error


async def _whole(events: Events) -> Answer:
    async with aclosing(events):
        async for one in events:
            if isinstance(one, Answer):
                return one
    raise RequestError("the answer broke off", status=500, code="model_failed")


async def _chunks(first: str | Answer, events: Events, form: Form) -> AsyncGenerator[str, None]:
    async with aclosing(events):
        yield first_chunk(form)
        # Where JSON was asked for, each piece waits for the next event: whether words are a
        # refusal is known at the end only.
        held: str | Answer = first
        try:
            if not form.structured:
                yield "".join(_shown(first, form))
            async for one in events:
                if form.structured:
                    held, one = one, held
                    if isinstance(held, Answer) and held.abstained:
                        break
                yield "".join(_shown(one, form))
            if form.structured:
                yield "".join(_shown(held, form))
        except Exception as error:
            yield event(error_body(problem_of(error)))


def _shown(one: str | Answer, form: Form) -> list[str]:
    return [piece_chunk(form, one)] if isinstance(one, str) else list(last_chunks(form, one))


def _asked(body: ChatRequest, route: str) -> Asked:
    """Raises RequestError where the turns end with no question."""
    turns = [turn for turn in body.messages if turn.role in ("user", "assistant")]
    if not turns or turns[-1].role != "user" or not turns[-1].text.strip():
        raise RequestError(
            "the last message is no question of a user",
            status=400,
            code="invalid_request",
            param="messages",
            hint="End with a message of the role 'user' that is not blank.",
        )
    said = [turn.text for turn in body.messages if turn.role in ("system", "developer")]
    history = [
        Message("user" if turn.role == "user" else "assistant", turn.text) for turn in turns[:-1]
    ]
    return Asked(turns[-1].text, history, route, _wish(body, "\n\n".join(filter(None, said))))


def _wish(body: ChatRequest, instructions: str) -> Wish:
    stop = (body.stop,) if isinstance(body.stop, str) else tuple(body.stop or ())
    return Wish(
        max_tokens=body.max_completion_tokens or body.max_tokens,
        temperature=body.temperature,
        seed=(body.seed or 0) % 2**63,
        stop=stop,
        schema=_schema(body),
        instructions=instructions,
    )


def _schema(body: ChatRequest) -> Schema | None:
    wanted = body.response_format
    if wanted is None or isinstance(wanted, TextFormat):
        return None
    if not isinstance(wanted, SchemaFormat):
        return _ANY_OBJECT
    check_schema(wanted.json_schema.schema_)
    return wanted.json_schema.schema_
