"""The routes under /api together."""

from __future__ import annotations

from fastapi import APIRouter

from pakar.server.api import conversations, knowledge
from pakar.server.openai.wire import ErrorBody

PREFIX = "/api"
router = APIRouter(
    prefix=PREFIX,
    tags=["pakar"],
    responses={"4XX": {"model": ErrorBody}, "5XX": {"model": ErrorBody}},
)
for part in (knowledge, conversations):
    router.include_router(part.router)
