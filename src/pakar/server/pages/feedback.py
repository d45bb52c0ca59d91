"""What a reader says of an answer: right or wrong, a better answer, the sources that fit."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from pydantic import BaseModel, Field
from starlette.responses import HTMLResponse

from pakar.server.access.view import View
from pakar.server.pages.answer_parts import CitedSource, shape
from pakar.server.pages.rendering import page
from pakar.server.service import Service, service_of, view_of
from pakar.server.storage.feedback import Remark, Verdict
from pakar.types import Source

router = APIRouter()


class RemarkForm(BaseModel):
    """`source` are numbers of the answer's sources that fit."""

    turn: Annotated[str, Field(min_length=1, max_length=100)]
    verdict: Verdict
    correction: Annotated[str, Field(max_length=20_000)] = ""
    source: Annotated[list[int], Field(max_length=100)] = []


@router.post("/feedback")
def feedback(
    request: Request,
    form: Annotated[RemarkForm, Form()],
    view: Annotated[View, Depends(view_of)],
    service: Annotated[Service, Depends(service_of)],
) -> HTMLResponse:
    """Keeps a remark on one of the visitor's own answers."""
    found = service.talk.conversations.turn(view.visitor.id, form.turn)
    cited = {one.number: one for one in shape(found.answer, found.details).sources}
    marked = [_marked(view, cited[number]) for number in form.source if number in cited]
    better = form.correction.strip()
    if better == found.answer.strip():
        better = ""
    remark = Remark(form.verdict, better, tuple(marked))
    asked = (found.question, found.answer)
    service.feedback.add(view.visitor.id, form.turn, asked, remark, found.documents)
    values = {"verdict": form.verdict, "corrected": bool(better)}
    return page(request, "parts/thanks.html", values)


def _marked(view: View, one: CitedSource) -> Source:
    document = view.document(one.document)
    return Source(one.document, document.content_hash, one.start, one.end)
