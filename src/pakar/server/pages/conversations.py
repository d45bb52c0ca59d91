"""The conversations of who asks: found, exported, deleted."""

from __future__ import annotations

import json
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.responses import HTMLResponse, Response

from pakar.server.access.view import View
from pakar.server.api.forms import detail_body
from pakar.server.conversing import Shown
from pakar.server.pages.answer_parts import shape
from pakar.server.pages.rendering import page
from pakar.server.service import Service, service_of, view_of
from pakar.server.storage.conversations import Conversation

router = APIRouter()
Viewed = Annotated[View, Depends(view_of)]
Served = Annotated[Service, Depends(service_of)]
Key = Annotated[str, Path(min_length=1, max_length=100)]


@router.get("/conversations")
def conversations(
    request: Request,
    view: Viewed,
    service: Served,
    words: Annotated[str, Query(max_length=200)] = "",
) -> HTMLResponse:
    """The list; with `words`, of those in whose questions they stand."""
    found = service.talk.conversations.all(view.visitor.id, words)
    values = {"conversations": found, "words": words, "conversation": None}
    return page(request, "parts/conversations.html", values)


@router.get("/c/{key}/export")
def export(key: Key, view: Viewed, service: Served, form: Literal["md", "json"] = "md") -> Response:
    """A conversation as a file: to be read, or for programs."""
    found = service.talk.conversations.get(view.visitor.id, key)
    turns = service.talk.shown(view, key)
    if form == "json":
        body = detail_body(found, turns).model_dump()
        text, kind = json.dumps(body, ensure_ascii=False, indent=2), "application/json"
    else:
        text, kind = _markdown(found, turns), "text/markdown; charset=utf-8"
    disposition = f'attachment; filename="conversation.{form}"'
    return Response(
        text.encode("utf-8", "replace"),
        media_type=kind,
        headers={"Content-Disposition": disposition},
    )


@router.delete("/c/{key}")
def delete(key: Key, request: Request, view: Viewed, service: Served) -> Response:
    """For good. The browser is led to the first page."""
    service.talk.conversations.delete(view.visitor.id, key)
    service.audit.note(view.visitor, "conversation deleted", key)
    return Response(status_code=200, headers={"HX-Redirect": "/"})


def _markdown(found: Conversation, turns: tuple[Shown, ...]) -> str:
    lines = [f"# {found.title}", ""]
    for turn in turns:
        lines += [f"## {' '.join(turn.question.split())}", ""]
        if turn.withheld:
            lines += ["(The answer rests on documents that you may not read.)", ""]
            continue
        apart = shape(turn.answer, turn.details)
        marked = (
            part.text + "".join(f" [{number}]" for number in part.sources) for part in apart.parts
        )
        lines += ["".join(marked), ""]
        for one in apart.sources:
            where = f", p. {one.page}" if one.page else ""
            lines.append(f"{one.number}. {one.document}{where}: “{' '.join(one.quote.split())}”")
        lines.append("")
    return "\n".join(lines)
