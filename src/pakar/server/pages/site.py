"""All pages in one router; the app includes it. A new page is one line here."""

from __future__ import annotations

from fastapi import APIRouter

from pakar.server.pages import ask

router = APIRouter(include_in_schema=False)
for part in (ask,):
    router.include_router(part.router)
