"""The documents: listed, searched, added by drag and drop, removed."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, File, Form, Query, Request, UploadFile
from starlette.responses import HTMLResponse, JSONResponse, Response

from pakar.documents.mediatype import READABLE
from pakar.server.access.view import View, unknown_document
from pakar.server.access.visitor import Visitor
from pakar.server.disconnect import EventStream
from pakar.server.pages.adding import KIND
from pakar.server.pages.live import live
from pakar.server.pages.rendering import html, page
from pakar.server.pages.rights import reads_everything
from pakar.server.pages.uploads import FOLDER, plain_name, save
from pakar.server.problems import RequestError
from pakar.server.service import Service, needs, service_of, view_of
from pakar.types import AddReport, Failure

router = APIRouter()
Viewed = Annotated[View, Depends(view_of)]
Served = Annotated[Service, Depends(service_of)]
Editor = Annotated[Visitor, Depends(needs("editor"))]
Words = Annotated[str, Query(max_length=1000)]
_AT_ONCE = 200
_HITS = 8


@router.get("/documents")
def documents(request: Request, view: Viewed, service: Served, words: Words = "") -> HTMLResponse:
    values = {
        **_found(view, words, 0),
        **_adding(service, view),
        "limit": view.expert.config.server.upload_megabytes,
        "readable": READABLE,
        "has_history": view.visitor.may("editor") and reads_everything(view),
    }
    return page(request, "documents.html", values)


@router.get("/documents/found")
def found(
    request: Request,
    view: Viewed,
    words: Words = "",
    start: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> HTMLResponse:
    """The passages that fit the words best, and the documents in whose names they stand."""
    return page(request, "parts/found.html", _found(view, words, start))


@router.post("/documents/upload")
def upload(
    view: Viewed,
    editor: Editor,
    service: Served,
    file: Annotated[UploadFile, File()],
    replace: Annotated[bool, Form()] = False,
) -> JSONResponse:
    """Keeps one file; it is read when `index` is called with its name."""
    name = plain_name(file.filename or "")
    if not view.may_read(f"{FOLDER}/{name}"):
        raise RequestError(
            "a document of this name would have labels that you do not hold",
            status=403,
            code="forbidden",
            hint="Give the file another name.",
        )
    document = save(view.expert.folder, name, file.file, replace=replace)
    service.audit.note(editor, "document uploaded", document)
    return JSONResponse({"document": document}, 201)


@router.post("/documents/index")
def index(
    request: Request,
    view: Viewed,
    editor: Editor,
    service: Served,
    document: Annotated[list[str], Form(max_length=10_000)],
) -> HTMLResponse:
    """Begins to read what was uploaded."""
    names = [f"{FOLDER}/{plain_name(one)}" for one in document]
    for name in names:
        if not view.may_read(name) or not (view.expert.folder / name).is_file():
            raise unknown_document(name)
    service.adding.want(names, editor)
    return page(request, "parts/adding.html", _adding(service, view))


@router.post("/documents/rebuild")
def rebuild(request: Request, view: Viewed, editor: Editor, service: Served) -> HTMLResponse:
    """Begins to build the index anew, for one that does not fit the settings any more."""
    service.adding.rebuild(editor)
    service.audit.note(editor, "index rebuilt")
    return page(request, "parts/adding.html", _adding(service, view))


@router.get("/documents/events")
def events(request: Request, view: Viewed, service: Served) -> EventStream:
    def render() -> str:
        return html(request, "parts/adding_now.html", _adding(service, view))

    return live(service.jobs.of(KIND), render)


@router.post("/documents/stop")
def stop(request: Request, view: Viewed, editor: Editor, service: Served) -> HTMLResponse:
    job = service.jobs.of(KIND)
    if job is not None:
        job.stop()
        service.audit.note(editor, "adding stopped")
    return page(request, "parts/adding.html", _adding(service, view))


@router.post("/documents/remove")
def remove(
    request: Request,
    view: Viewed,
    editor: Editor,
    service: Served,
    name: Annotated[str, Form(min_length=1, max_length=4000)],
) -> Response:
    """Takes one document out of the index; its file stays."""
    if name not in view.documents():
        raise unknown_document(name)
    view.expert.remove(name, on_wait=_busy)
    service.audit.note(editor, "document removed", name)
    return page(request, "parts/removed.html", {"name": name})


def _busy(_: str) -> None:
    raise RequestError(
        "the index is being written at the moment",
        status=409,
        code="running",
        hint="Wait until the documents are in.",
    )


def _found(view: View, words: str, start: int) -> dict[str, object]:
    wanted = words.casefold().split()
    names = [one for one in view.documents() if all(word in one.casefold() for word in wanted)]
    hits = view.search(words, _HITS) if wanted and not start and view.documents() else []
    return {
        "words": words,
        "hits": hits,
        "names": names[start : start + _AT_ONCE],
        "count": len(names),
        "next": start + _AT_ONCE if start + _AT_ONCE < len(names) else 0,
        "first": start == 0,
    }


def _adding(service: Service, view: View) -> dict[str, object]:
    """The job as this visitor may see it: nothing of what they may not read."""
    job = service.jobs.of(KIND)
    report = job.result if job is not None and isinstance(job.result, AddReport) else None
    return {
        "job": job,
        "report": _seen(view, report) if report else None,
        "may_read": view.may_read,
    }


def _seen(view: View, report: AddReport) -> dict[str, object]:
    def names(of: tuple[str, ...]) -> list[str]:
        return [name for name in of if view.may_read(name)]

    failed: list[Failure] = [one for one in report.failed if view.may_read(one.source)]
    return {
        "added": names(report.added),
        "updated": names(report.updated),
        "unchanged": names(report.unchanged),
        "failed": failed,
        "passages": report.passages,
        "seconds": report.seconds,
    }
