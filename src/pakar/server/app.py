"""Puts the server together: routers, errors in the right form, and what stands before both.

Knows each part and no logic of any.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio.to_thread
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route
from starlette.staticfiles import StaticFiles

from pakar.errors import PakarError
from pakar.expert import Expert
from pakar.server.access.gate import Doors, Gate
from pakar.server.agents import over_http as agents
from pakar.server.agents.over_http import AgentDoor
from pakar.server.api import routes as own_api
from pakar.server.disconnect import ClientGoneError
from pakar.server.error_responses import respond
from pakar.server.openai import api as openai_api
from pakar.server.operations import health, metrics
from pakar.server.operations.watch import Watch
from pakar.server.pages import site
from pakar.server.security_headers import SecurityHeaders
from pakar.server.service import Service, make_service
from pakar.version import __version__

STATIC = Path(__file__).parent / "static"


def create_app(expert: Expert, *, required: bool = False) -> FastAPI:
    """The server of an expert, with the settings of its pakar.toml. Loads no model.

    `required`: who shows no key and is not logged in is sent away.
    """
    service = make_service(expert, required=required)
    app = FastAPI(
        title=f"pakar: {service.name}",
        version=__version__,
        lifespan=_lifespan,
        docs_url=None,  # these pages load scripts from elsewhere
        redoc_url=None,
    )
    app.state.service = service
    for router in (openai_api.router, own_api.router, health.router, metrics.router, site.router):
        app.include_router(router)
    door = AgentDoor(service)
    app.state.door = door
    app.router.routes.append(Route(agents.PATH, endpoint=door, include_in_schema=False))
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    for kind in (PakarError, RequestValidationError, HTTPException, ClientGoneError, Exception):
        app.add_exception_handler(kind, _answered)
    doors = Doors(expert.config.server, required, service.keys, service.sessions, service.rates)
    app.add_middleware(Gate, doors=doors)
    app.add_middleware(SecurityHeaders)
    app.state.metrics = metrics.Metrics(service.lanes)
    app.add_middleware(Watch, metrics=app.state.metrics)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    service: Service = app.state.service
    await anyio.to_thread.run_sync(service.batches.start)  # what a server before had begun
    yield
    await app.state.door.close()
    await anyio.to_thread.run_sync(service.close)


async def _answered(request: Request, error: Exception) -> Response:
    return respond(request, error)
