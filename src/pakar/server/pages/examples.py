"""The examples: listed with their origin, and reviewed one after another."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Path, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import HTMLResponse, Response

from pakar.server.access.view import View
from pakar.server.access.visitor import Visitor
from pakar.server.disconnect import EventStream
from pakar.server.pages.jobs import Job
from pakar.server.pages.live import live
from pakar.server.pages.rendering import html, page
from pakar.server.pages.rights import visible_example, visible_examples
from pakar.server.service import Service, needs, service_of, view_of
from pakar.types import Example, Origin, State

router = APIRouter()
Viewed = Annotated[View, Depends(view_of)]
Served = Annotated[Service, Depends(service_of)]
Editor = Annotated[Visitor, Depends(needs("editor"))]
_AT_ONCE = 100
KIND = "examples"


class Sought(BaseModel):
    """Which examples to list; "" takes all."""

    state: State | Literal[""] = ""
    origin: Origin | Literal[""] = ""
    words: Annotated[str, Field(max_length=200)] = ""
    start: Annotated[int, Field(ge=0, le=10_000_000)] = 0


class Verdict(BaseModel):
    """What becomes of one; `question` and `answer` count where it is edited."""

    what: Literal["accept", "reject", "edit"]
    question: Annotated[str, Field(max_length=20_000)] = ""
    answer: Annotated[str, Field(max_length=20_000)] = ""


@router.get("/training/examples")
def examples(
    request: Request, view: Viewed, editor: Editor, sought: Annotated[Sought, Query()]
) -> HTMLResponse:
    """The list, as a page; for a script of ours its rows alone."""
    is_part = request.headers.get("hx-request") == "true"
    template = "parts/examples.html" if is_part else "examples.html"
    return page(request, template, _listed(view, sought))


@router.get("/training/review")
def review(request: Request, view: Viewed, editor: Editor) -> HTMLResponse:
    return page(request, "review.html", _queue(view))


@router.post("/training/review/{key}")
def decide(
    key: Annotated[str, Path(max_length=200)],
    request: Request,
    form: Annotated[Verdict, Form()],
    view: Viewed,
    editor: Editor,
    service: Served,
) -> HTMLResponse:
    """Accepts, rejects or edits one; gives the next that waits."""
    found = visible_example(view, key)
    if form.what == "edit":
        view.expert.edit_example(key, question=form.question, answer=form.answer)
    elif form.what == "accept":
        view.expert.review_examples(accept=[found.id])
    else:
        view.expert.review_examples(reject=[found.id])
    service.audit.note(editor, f"example {form.what}", found.id)
    return page(request, "parts/review.html", _queue(view))


@router.post("/training/examples/build")
def build(request: Request, view: Viewed, editor: Editor, service: Served) -> Response:
    """Takes question-answer pairs out of the documents."""

    def work(job: Job) -> object:
        return view.expert.build_examples(
            progress=lambda done, total: job.stands((done, total)), on_wait=job.tell
        )

    service.jobs.start(KIND, editor.name, work)
    service.audit.note(editor, "examples built")
    return page(request, "parts/building.html", {"building": service.jobs.of(KIND)})


@router.get("/training/examples/events")
def events(request: Request, editor: Editor, service: Served) -> EventStream:
    def render() -> str:
        return html(request, "parts/building_now.html", {"building": service.jobs.of(KIND)})

    return live(service.jobs.of(KIND), render)


def _queue(view: View) -> dict[str, object]:
    waiting = [one for one in visible_examples(view) if one.state == "waiting"]
    return {"example": waiting[0] if waiting else None, "left": len(waiting)}


def _listed(view: View, sought: Sought) -> dict[str, object]:
    found = [one for one in visible_examples(view) if _fits(one, sought)]
    end = sought.start + _AT_ONCE
    return {
        "sought": sought,
        "examples": found[sought.start : end],
        "count": len(found),
        "next": end if end < len(found) else 0,
    }


def _fits(one: Example, sought: Sought) -> bool:
    said = f"{one.question}\n{one.answer}".casefold()
    return (
        sought.state in ("", one.state)
        and sought.origin in ("", one.origin)
        and all(word in said for word in sought.words.casefold().split())
    )
