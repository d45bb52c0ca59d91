"""GET /v1/models: each route is a model, and so is the embedder."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path

from pakar.server.access.view import View, unknown_model
from pakar.server.openai.names import EMBEDDINGS, model_name
from pakar.server.openai.wire import ModelBody, ModelList
from pakar.server.service import Service, service_of, view_of

router = APIRouter()
_OWNER = "pakar"


@router.get("/models")
def models(
    service: Annotated[Service, Depends(service_of)],
    view: Annotated[View, Depends(view_of)],
) -> ModelList:
    """The routes that the caller may use now, and the embedder."""
    return ModelList(data=[_model(service, name) for name in (*view.routes(), EMBEDDINGS)])


@router.get("/models/{name:path}")
def model(
    name: Annotated[str, Path(max_length=300)],
    service: Annotated[Service, Depends(service_of)],
    view: Annotated[View, Depends(view_of)],
) -> ModelBody:
    """One of them."""
    known = (*view.routes(), EMBEDDINGS)
    for route in known:
        if name in (route, model_name(service.name, route)):
            return _model(service, route)
    raise unknown_model(name, [model_name(service.name, route) for route in known])


def _model(service: Service, route: str) -> ModelBody:
    return ModelBody(id=model_name(service.name, route), created=service.started, owned_by=_OWNER)
