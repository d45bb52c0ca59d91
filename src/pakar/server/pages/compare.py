"""Comparisons: begun with an estimate, watched, and their reports."""

from __future__ import annotations

from pathlib import Path as File
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Path, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import HTMLResponse, Response

from pakar.errors import SourceError
from pakar.evaluation.comparison import Comparison
from pakar.evaluation.run import Progress
from pakar.flows.comparing import FOLDER
from pakar.flows.workplace import DERIVED, QUESTIONS
from pakar.server.access.view import View
from pakar.server.access.visitor import Visitor
from pakar.server.disconnect import EventStream
from pakar.server.pages import past_comparisons
from pakar.server.pages.jobs import Job
from pakar.server.pages.live import live
from pakar.server.pages.rendering import html, page
from pakar.server.pages.rights import require_everything
from pakar.server.security_headers import POLICY
from pakar.server.service import Service, needs, service_of, view_of
from pakar.types import Scope

router = APIRouter()
Viewed = Annotated[View, Depends(view_of)]
Served = Annotated[Service, Depends(service_of)]
Editor = Annotated[Visitor, Depends(needs("editor"))]
KIND = "comparing"
_MINUTE = 60.0
# A report is text that was escaped when it was written; should that ever fail, nothing runs in it.
_REPORT_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; sandbox"
)


class CompareForm(BaseModel):
    """`limit` questions (0: all) by these routes, `minutes` at most (0: no end)."""

    route: Annotated[list[Annotated[str, Field(max_length=300)]], Field(max_length=50)] = []
    limit: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    minutes: Annotated[float, Field(ge=0, le=100_000)] = 0.0


@router.get("/compare")
def compare_page(request: Request, view: Viewed, editor: Editor, service: Served) -> HTMLResponse:
    require_everything(view)
    expert = view.expert
    values = {
        "routes": expert.routes(),
        "questions": past_comparisons.count_questions(expert.folder / QUESTIONS),
        "past": past_comparisons.past(_folder(view)),
        **_run(service),
    }
    response = page(request, "compare.html", values)
    response.headers["Content-Security-Policy"] = f"{POLICY}; frame-src 'self'"
    return response


@router.get("/compare/estimate")
def estimate(
    request: Request, view: Viewed, editor: Editor, form: Annotated[CompareForm, Query()]
) -> HTMLResponse:
    """How long it will take, by what the same routes took before."""
    require_everything(view)
    questions = past_comparisons.count_questions(view.expert.folder / QUESTIONS)
    asked = min(form.limit or questions, questions)
    took = past_comparisons.seconds_by_route(_folder(view))
    known = [took[name] for name in form.route if name in took]
    values = {
        "asked": asked,
        "answers": asked * len(form.route),
        "seconds": asked * sum(known) if len(known) == len(form.route) else None,
        "most": form.minutes * _MINUTE,
    }
    return page(request, "parts/estimate.html", values)


@router.post("/compare/start")
def start(
    request: Request,
    form: Annotated[CompareForm, Form()],
    view: Viewed,
    editor: Editor,
    service: Served,
) -> HTMLResponse:
    require_everything(view)
    # Its memory is not measured: that starts a process for each route beside a server that serves.
    scope = Scope(limit=form.limit, budget=form.minutes * _MINUTE, memory=False)

    def work(job: Job) -> Comparison:
        return view.expert.compare(routes=form.route, scope=scope, watch=job.stands, say=job.tell)

    service.jobs.start(KIND, editor.name, work)
    service.audit.note(editor, "comparison started")
    return page(request, "parts/comparing.html", _run(service))


@router.post("/compare/stop")
def stop(request: Request, view: Viewed, editor: Editor, service: Served) -> HTMLResponse:
    """Answers that were given are kept; the same comparison goes on from them."""
    require_everything(view)
    job = service.jobs.of(KIND)
    if job is not None:
        job.stop()
        service.audit.note(editor, "comparison stopped")
    return page(request, "parts/comparing.html", _run(service))


@router.get("/compare/events")
def events(request: Request, view: Viewed, editor: Editor, service: Served) -> EventStream:
    require_everything(view)

    def render() -> str:
        return html(request, "parts/comparing_now.html", _run(service))

    return live(service.jobs.of(KIND), render)


@router.get("/compare/{key}/report")
def report(
    key: Annotated[str, Path(pattern="^[0-9a-f]{12}$")], view: Viewed, editor: Editor
) -> Response:
    """The report's own page, in which nothing runs."""
    require_everything(view)
    try:
        content = (_folder(view) / key / "report.html").read_bytes()
    except OSError as error:
        raise SourceError("there is no such report", hint="Compare again.") from error
    headers = {"Content-Security-Policy": _REPORT_POLICY}
    return Response(content, media_type="text/html; charset=utf-8", headers=headers)


def _folder(view: View) -> File:
    return view.expert.folder / DERIVED / FOLDER


def _run(service: Service) -> dict[str, object]:
    job = service.jobs.of(KIND)
    done = job.result if job is not None and isinstance(job.result, Comparison) else None
    standing = job.now if job is not None and isinstance(job.now, Progress) else None
    return {"job": job, "done": done, "standing": standing}
