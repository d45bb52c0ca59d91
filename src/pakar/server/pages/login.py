"""Logging in and out with a browser."""

from __future__ import annotations

from typing import Annotated

import anyio.to_thread
from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from pakar.server.access.gate import COOKIE
from pakar.server.access.visitor import Visitor
from pakar.server.pages.rendering import page
from pakar.server.problems import RequestError, too_often
from pakar.server.service import Service, service_of
from pakar.server.storage.users import User

router = APIRouter()


@router.get("/login")
async def login_page(request: Request) -> Response:
    return page(request, "login.html", {"name": "", "problem": None})


@router.post("/login")
async def login(
    request: Request,
    name: Annotated[str, Form(max_length=200)],
    password: Annotated[str, Form(max_length=1000)],
    service: Annotated[Service, Depends(service_of)],
) -> Response:
    address = request.client.host if request.client else ""
    if wait := service.logins.take(address):
        raise too_often(wait, "attempts")
    found = await anyio.to_thread.run_sync(_checked, service, name, password)
    if found is None:
        problem = RequestError("name and password do not fit", status=401, code="login_failed")
        return page(request, "login.html", {"name": name, "problem": problem}, 401)
    response = RedirectResponse("/", 303)
    response.set_cookie(
        COOKIE,
        await anyio.to_thread.run_sync(service.sessions.begin, found.id),
        max_age=round(service.expert.config.server.session_hours * 3600),
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return response


@router.post("/logout")
async def logout(request: Request, service: Annotated[Service, Depends(service_of)]) -> Response:
    session: str = getattr(request.state, "session", "")
    if session:
        await anyio.to_thread.run_sync(service.sessions.end, session)
    response = RedirectResponse("/login", 303)
    response.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return response


def _checked(service: Service, name: str, password: str) -> User | None:
    user = service.users.with_password(name, password)
    who = user.visitor() if user else Visitor(0, name, "reader")
    service.audit.note(who, "login", outcome="ok" if user else "refused")
    return user
