"""The routes under /v1 together, with the errors that each of them may answer."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from fastapi.security import HTTPBearer

from pakar.server.openai import chat, embeddings, models
from pakar.server.openai.wire import ErrorBody

PREFIX = "/v1"
router = APIRouter(
    prefix=PREFIX,
    tags=["OpenAI-compatible"],
    # Says in the document how a key is shown; the gate asks for it.
    dependencies=[Depends(HTTPBearer(auto_error=False))],
    responses={"4XX": {"model": ErrorBody}, "5XX": {"model": ErrorBody}},
)
for part in (chat, embeddings, models):
    router.include_router(part.router)
