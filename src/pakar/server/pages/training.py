"""The first page of training: what there is to learn from, the plan, a run as it goes, adapters."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import HTMLResponse

from pakar.errors import PakarError
from pakar.flows import training_runs
from pakar.flows.plan import PlanRequest
from pakar.flows.workplace import DERIVED
from pakar.server.access.view import View
from pakar.server.access.visitor import Visitor
from pakar.server.disconnect import EventStream
from pakar.server.pages import tuning_job
from pakar.server.pages.live import live
from pakar.server.pages.loss_curve import curve
from pakar.server.pages.rendering import html, page
from pakar.server.pages.rights import visible_adapters, visible_examples
from pakar.server.pages.tuning_job import KIND, Course, Wanted
from pakar.server.service import Service, needs, service_of, view_of
from pakar.types import Method

router = APIRouter()
Viewed = Annotated[View, Depends(view_of)]
Served = Annotated[Service, Depends(service_of)]
Editor = Annotated[Visitor, Depends(needs("editor"))]


class StartForm(BaseModel):
    """`minutes` 0: as long as the settings say."""

    method: Method = "lora"
    minutes: Annotated[float, Field(ge=0, le=100_000)] = 0.0
    resume: bool = False


@router.get("/training")
def training(request: Request, view: Viewed, editor: Editor, service: Served) -> HTMLResponse:
    examples = visible_examples(view)
    settings = view.expert.config.training
    values = {
        "states": Counter(one.state for one in examples),
        "origins": Counter(one.origin for one in examples if one.state == "accepted"),
        "adapters": visible_adapters(view),
        "method": settings.method,
        "minutes": settings.minutes,
        "unfinished": _unfinished(view),
        "has_documents": bool(view.documents()),
        **_run(service),
    }
    return page(request, "training.html", values)


@router.get("/training/plan")
def plan(
    request: Request,
    view: Viewed,
    editor: Editor,
    method: Annotated[Method, Query()],
    timed: Annotated[bool, Query()] = False,
) -> HTMLResponse:
    """The run's memory before anything is spent; `timed` its time too, for which steps are run."""
    accepted = sum(one.state == "accepted" for one in visible_examples(view))
    wanted = PlanRequest(examples=max(1, accepted), timed=timed)
    try:
        made = view.expert.plan(method, wanted)
    except PakarError as error:  # a model at an endpoint, or one that is not here yet
        return page(request, "parts/no_plan.html", {"problem": error})
    return page(request, "parts/plan.html", {"plan": made, "examples": accepted, "method": method})


@router.post("/training/start")
def start(
    request: Request,
    form: Annotated[StartForm, Form()],
    view: Viewed,
    editor: Editor,
    service: Served,
) -> HTMLResponse:
    wanted = Wanted(form.method, form.minutes or None, form.resume)
    service.jobs.start(KIND, editor.name, lambda job: tuning_job.train(view.expert, wanted, job))
    service.audit.note(editor, "training started", form.method)
    return page(request, "parts/run.html", _run(service))


@router.post("/training/stop")
def stop(request: Request, editor: Editor, service: Served) -> HTMLResponse:
    """The run ends at its next step, and can be gone on with."""
    job = service.jobs.of(KIND)
    if job is not None:
        job.stop()
        service.audit.note(editor, "training stopped")
    return page(request, "parts/run.html", _run(service))


@router.get("/training/events")
def events(request: Request, editor: Editor, service: Served) -> EventStream:
    def render() -> str:
        return html(request, "parts/run_now.html", _run(service))

    return live(service.jobs.of(KIND), render)


def _run(service: Service) -> dict[str, object]:
    job = service.jobs.of(KIND)
    course = job.now if job is not None and isinstance(job.now, Course) else Course()
    steps = course.standing.steps if course.standing else 0
    return {"job": job, "course": course, "curve": curve(course.points, steps)}


def _unfinished(view: View) -> str:
    """The name of a run that was begun and not finished, else ""."""
    run = training_runs.unfinished(view.expert.folder / DERIVED / training_runs.FOLDER)
    return run.name if run else ""
