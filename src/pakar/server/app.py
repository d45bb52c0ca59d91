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
from starlette.responses import JSONResponse, Response
from starlette.staticfiles import StaticFiles

from pakar.errors import PakarError
from pakar.expert import Expert
from pakar.server.access.labels import Labels
from pakar.server.disconnect import ClientGoneError
from pakar.server.lanes import Lanes
from pakar.server.openai import api
from pakar.server.openai.errors import error_body, invalid
from pakar.server.operations import health
from pakar.server.pages import site
from pakar.server.pages.rendering import page
from pakar.server.problems import RequestError, problem_of
from pakar.server.security_headers import SecurityHeaders
from pakar.server.service import Service
from pakar.version import __version__

STATIC = Path(__file__).parent / "static"
_CLIENT_GONE = 499


def create_app(expert: Expert) -> FastAPI:
    """The server of an expert, with the settings of its pakar.toml. Loads no model."""
    service = make_service(expert)
    app = FastAPI(
        title=f"pakar: {service.name}",
        version=__version__,
        lifespan=_lifespan,
        docs_url=None,  # these pages load scripts from elsewhere
        redoc_url=None,
    )
    app.state.service = service
    for router in (api.router, health.router, site.router):
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    for kind in (PakarError, RequestValidationError, HTTPException, ClientGoneError, Exception):
        app.add_exception_handler(kind, _answered)
    app.add_middleware(SecurityHeaders)
    return app


def make_service(expert: Expert) -> Service:
    """All that requests need. Opens no model."""
    settings = expert.config.server
    return Service(
        expert, Labels(expert.config.access.labels), Lanes(settings.running, settings.waiting)
    )


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    yield
    service: Service = app.state.service
    await anyio.to_thread.run_sync(service.lanes.close)


async def _answered(request: Request, error: Exception) -> Response:
    """Every error in the form of the interface that was asked."""
    if isinstance(error, ClientGoneError):
        return Response(status_code=_CLIENT_GONE)
    problem = _problem(error)
    path = request.url.path
    response: Response
    if path.startswith(f"{api.PREFIX}/") or not _wants_html(request):
        content = error_body(problem).model_dump()
        response = JSONResponse(content, problem.status)
    else:
        response = page(request, "problem.html", {"problem": problem}, problem.status)
    response.headers.update(problem.headers)
    return response


def _problem(error: Exception) -> RequestError:
    if isinstance(error, RequestValidationError):
        return invalid(error)
    if isinstance(error, HTTPException):
        code = "not_found" if error.status_code == 404 else "invalid_request"
        problem = RequestError(str(error.detail).lower(), status=error.status_code, code=code)
        problem.headers.update(error.headers or {})
        return problem
    return problem_of(error)


def _wants_html(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "")
