"""The routes under /api together."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from fastapi.security import HTTPBearer

from pakar.server.api import batches, conversations, knowledge
from pakar.server.openai.wire import ErrorBody

PREFIX = "/api"
router = APIRouter(
    prefix=PREFIX,
    tags=["pakar"],
    # Says in the document how a key is shown; the gate asks for it.
    dependencies=[Depends(HTTPBearer(auto_error=False))],
    responses={"4XX": {"model": ErrorBody}, "5XX": {"model": ErrorBody}},
)
for part in (knowledge, conversations, batches):
    router.include_router(part.router)
