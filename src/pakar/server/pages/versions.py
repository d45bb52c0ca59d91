"""What the index held before, and going back to it.

For editors who may read everything: going back brings documents in and out that others may not
know of.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import HTMLResponse

from pakar.index.versions import Version
from pakar.server.access.view import View
from pakar.server.access.visitor import Visitor
from pakar.server.pages.rendering import page
from pakar.server.pages.rights import require_everything
from pakar.server.problems import RequestError
from pakar.server.service import Service, needs, service_of, view_of

router = APIRouter()
Viewed = Annotated[View, Depends(view_of)]
Served = Annotated[Service, Depends(service_of)]
Editor = Annotated[Visitor, Depends(needs("editor"))]
_MOST = 50


@router.get("/documents/history")
def history(request: Request, view: Viewed, editor: Editor) -> HTMLResponse:
    require_everything(view)
    return page(request, "parts/history.html", _listed(view))


@router.post("/documents/rollback")
def rollback(
    request: Request,
    view: Viewed,
    editor: Editor,
    service: Served,
    version: Annotated[int, Form(ge=0, le=2**53)],
) -> HTMLResponse:
    """Brings the index back to a version, as a new one; files stay as they are."""
    require_everything(view)
    view.expert.rollback(version, on_wait=_busy)
    service.audit.note(editor, "index rolled back", str(version))
    response = page(request, "parts/history.html", _listed(view))
    response.headers["HX-Trigger"] = "work-ended"
    return response


def _listed(view: View) -> dict[str, object]:
    """The newest first, each with what it brought and took away."""
    versions = list(view.expert.history().versions)
    before = [None, *versions[:-1]]
    rows = [_row(one, old) for one, old in zip(versions, before, strict=True)] if versions else []
    return {"versions": rows[::-1][:_MOST]}


def _row(one: Version, old: Version | None) -> dict[str, object]:
    known = old.documents if old else {}
    return {
        "number": one.number,
        "created": one.created,
        "count": len(one.documents),
        "added": sum(name not in known for name in one.documents),
        "changed": sum(
            name in known and known[name] != content for name, content in one.documents.items()
        ),
        "removed": sum(name not in one.documents for name in known),
    }


def _busy(_: str) -> None:
    raise RequestError(
        "the index is being written at the moment",
        status=409,
        code="running",
        hint="Wait until the documents are in.",
    )
