"""Search, the documents, and what stands in them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from pakar.server.access.view import View
from pakar.server.api.forms import Documents, Hits, SearchRequest, Span, hit_body, span_body
from pakar.server.service import view_of

router = APIRouter()
Viewed = Annotated[View, Depends(view_of)]
MOST_CHARACTERS = 20_000


@router.post("/search")
def search(body: SearchRequest, view: Viewed) -> Hits:
    """The passages that fit best, the best first."""
    found = view.search(
        body.query, body.k, documents=body.documents, kinds=body.kinds, heading=body.heading
    )
    return Hits(hits=[hit_body(hit) for hit in found])


@router.get("/documents")
def documents(view: Viewed) -> Documents:
    """The names of all documents that the caller may read."""
    return Documents(documents=list(view.documents()))


@router.get("/documents/text")
def text(
    view: Viewed,
    name: Annotated[str, Query(min_length=1, max_length=4000)],
    start: Annotated[int, Query(ge=0, le=2**40)] = 0,
    length: Annotated[int, Query(ge=1, le=MOST_CHARACTERS)] = 4000,
) -> Span:
    """A part of a document's text, in code points."""
    return span_body(view.document(name), start, start + length)
