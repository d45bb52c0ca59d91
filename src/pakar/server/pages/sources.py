"""Sources: what an answer or a search leads to, at its exact place in the document."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.responses import HTMLResponse

from pakar.errors import SourceError
from pakar.flows.originals import has_pictures, picture
from pakar.server.access.view import View
from pakar.server.pages.answer_parts import shape
from pakar.server.pages.excerpt import part
from pakar.server.pages.rendering import page
from pakar.server.pages.source_look import look
from pakar.server.service import Service, service_of, view_of
from pakar.types import Document

router = APIRouter()
Viewed = Annotated[View, Depends(view_of)]
Served = Annotated[Service, Depends(service_of)]
Key = Annotated[str, Path(min_length=1, max_length=100)]
Name = Annotated[str, Query(min_length=1, max_length=4000)]
Offset = Annotated[int, Query(ge=0, le=2**40)]


@router.get("/turns/{turn}/sources/{number}")
def cited(
    turn: Key,
    number: Annotated[int, Path(ge=1, le=10_000)],
    request: Request,
    view: Viewed,
    service: Served,
) -> HTMLResponse:
    """A source of an answer of the visitor's own."""
    found = service.talk.conversations.turn(view.visitor.id, turn)
    taken = shape(found.answer, found.details)
    sources = taken.sources
    if number > len(sources):
        raise SourceError("the answer has no such source", hint="Load the page again.")
    one = sources[number - 1]
    document = view.document(one.document)
    span = _place(document, one.start, one.end, one.quote)
    cells = [cell.name for cell in taken.computed.cells] if taken.computed else []
    lost = one.quote if span[0] == span[1] else ""
    return _source(request, view, document, Shown(*span, lost, tuple(cells)))


@router.get("/source")
def source(
    request: Request, view: Viewed, document: Name, start: Offset = 0, end: Offset = 0
) -> HTMLResponse:
    """A span of a document, such as a search found."""
    found = view.document(document)
    last = min(end, len(found.text))
    return _source(request, view, found, Shown(min(start, last), last))


@router.get("/source/picture")
def source_picture(
    request: Request,
    view: Viewed,
    document: Name,
    number: Annotated[int, Query(ge=1, le=100_000)],
    start: Offset = 0,
    end: Offset = 0,
) -> HTMLResponse:
    """A page of a PDF as it is drawn, the span marked on it."""
    found = view.document(document)
    last = min(end, len(found.text))
    span = (start, last) if start < last else None
    try:
        drawn = picture(view.expert.folder, view.expert.config, found, number, span)
    except SourceError as error:
        return page(request, "parts/picture.html", {"picture": None, "problem": error})
    values = {
        "picture": drawn.drawn,
        "png": base64.b64encode(drawn.png).decode("ascii"),
        "problem": None,
        "number": number,
        "link": {"document": document, "start": start, "end": end},
    }
    return page(request, "parts/picture.html", values)


@router.get("/document")
def document_page(request: Request, view: Viewed, name: Name, start: Offset = 0) -> HTMLResponse:
    """A document's text from an offset on, with its outline."""
    found = view.document(name)
    shown = part(found, start)
    headings = [one for one in found.marks if one.kind == "heading"][:500]
    values = {"document": found, "excerpt": shown, "headings": headings}
    return page(request, "document.html", values)


@dataclass(frozen=True, slots=True)
class Shown:
    """A span to be shown. `lost` is a quote that the document no longer has, `cells` the names of
    those that an answer was computed from."""

    start: int
    end: int
    lost: str = ""
    cells: tuple[str, ...] = ()


def _source(request: Request, view: View, document: Document, shown: Shown) -> HTMLResponse:
    """The whole page, or for a script of ours the part that is put beside the answer."""
    is_part = request.headers.get("hx-request") == "true"
    values = {
        "document": document,
        "look": look(view, document, (shown.start, shown.end), shown.cells),
        "page": document.page_at(shown.start),
        "path": document.headings_at(shown.start),
        "drawn": has_pictures(document),
        "start": shown.start,
        "end": shown.end,
        "lost": shown.lost,
    }
    return page(request, "parts/source.html" if is_part else "source.html", values)


def _place(document: Document, start: int, end: int, quote: str) -> tuple[int, int]:
    """Where the quote stands now; an empty span where the document no longer has it."""
    if document.text[start:end] == quote:
        return start, end
    found = document.text.find(quote)
    return (found, found + len(quote)) if found >= 0 and quote else (0, 0)
