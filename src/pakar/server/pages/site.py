"""All pages in one router; the app includes it. A new page is one line here."""

from __future__ import annotations

from fastapi import APIRouter, Depends

from pakar.server.pages import (
    ask,
    compare,
    conversations,
    documents,
    examples,
    feedback,
    login,
    look,
    sources,
    training,
    versions,
)
from pakar.server.service import csrf_checked

router = APIRouter(include_in_schema=False, dependencies=[Depends(csrf_checked)])
for part in (
    ask,
    conversations,
    sources,
    feedback,
    documents,
    training,
    versions,
    examples,
    compare,
    look,
    login,
):
    router.include_router(part.router)
