"""Is the process alive, and can it answer? Needs no key, and shows nothing of the content."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel
from starlette.responses import JSONResponse

from pakar.errors import PakarError
from pakar.server.service import Service, service_of

router = APIRouter(tags=["operations"])


class Alive(BaseModel):
    status: Literal["ok"] = "ok"


class Readiness(BaseModel):
    """`problem` says why it is not ready, "" where it is."""

    ready: bool
    problem: str = ""


@router.get("/healthz")
async def healthz() -> Alive:
    """The process runs and takes requests."""
    return Alive()


@router.get("/readyz", response_model=Readiness, responses={503: {"model": Readiness}})
def readyz(service: Annotated[Service, Depends(service_of)]) -> JSONResponse:
    """The index can be searched. Loads no model."""
    found = _readiness(service)
    return JSONResponse(found.model_dump(), status_code=200 if found.ready else 503)


def _readiness(service: Service) -> Readiness:
    try:
        status = service.expert.status()
    except PakarError as error:
        return Readiness(ready=False, problem=type(error).__name__)
    if not status.passages:
        return Readiness(ready=False, problem="there are no documents yet")
    # What it says of the index names no document.
    return Readiness(ready=not status.problem, problem=status.problem)
