"""What every request passes first: is the server meant, who asks, how often, how much is sent.

Pure ASGI, so that streams and uploads pass as they come. Puts `visitor` and `session` into the
request's state; what a role may do is asked by each route (`pakar.server.service`).
"""

from __future__ import annotations

from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie

import anyio.to_thread
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pakar.config import Server
from pakar.server.access.origins import is_known_host, is_own_request
from pakar.server.access.rates import Rates
from pakar.server.access.visitor import OWNER, Visitor
from pakar.server.error_responses import respond
from pakar.server.problems import RequestError, too_often
from pakar.server.storage.keys import Keys, Sessions

COOKIE = "pakar_session"
# Nothing of the content is behind these.
_PUBLIC = ("/healthz", "/readyz", "/login", "/favicon.ico")
_UPLOADS = "/upload"
_JSON_BYTES = 4 * 1024 * 1024
_MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class Doors:
    """How strict the gate is. `required`: who shows no key and no session is sent away."""

    settings: Server
    required: bool
    keys: Keys
    sessions: Sessions
    rates: Rates


class Gate:
    """Stands before the app."""

    def __init__(self, app: ASGIApp, doors: Doors) -> None:
        self._app = app
        self._doors = doors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            await self._admit(scope)
            receive = _limited(receive, self._limit(scope), Headers(scope=scope))
        except RequestError as refused:
            await respond(Request(scope), refused)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    async def _admit(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        doors = self._doors
        # With keys asked for, a foreign name gains nothing: cookies go by the name.
        any_name = doors.required and not doors.settings.hosts
        if not is_known_host(headers.get("host", ""), doors.settings.hosts, any_name=any_name):
            raise RequestError(
                "this server is not called by that name",
                status=421,
                code="wrong_host",
                hint="Add the name to hosts in the section [server] of pakar.toml.",
            )
        if not is_own_request(scope["method"], headers):
            raise RequestError(
                "the request comes from a page of another origin", status=403, code="cross_site"
            )
        visitor, session = await self._who(headers)
        if visitor is None and not _is_public(scope["path"]):
            raise unknown_visitor("no key was shown and nobody is logged in")
        state = scope.setdefault("state", {})
        state["session"] = session
        if visitor is not None:
            state["visitor"] = visitor
            self._count(visitor)

    async def _who(self, headers: Headers) -> tuple[Visitor | None, str]:
        """The visitor, and the token of their session, "" without one."""
        kind, _, secret = headers.get("authorization", "").partition(" ")
        if self._doors.required and kind.casefold() == "bearer":
            found = await anyio.to_thread.run_sync(self._doors.keys.visitor, secret.strip())
            if isinstance(found, str):
                raise unknown_visitor(found)
            return found, ""
        if not self._doors.required:
            return OWNER, ""
        token = _cookie(headers)
        if not token:
            return None, ""
        visitor = await anyio.to_thread.run_sync(self._doors.sessions.visitor, token)
        return visitor, token if visitor else ""

    def _count(self, visitor: Visitor) -> None:
        if self._doors.required and (wait := self._doors.rates.take(str(visitor.id))):
            raise too_often(wait)

    def _limit(self, scope: Scope) -> int:
        if scope["path"].endswith(_UPLOADS):
            return self._doors.settings.upload_megabytes * _MEGABYTE
        return _JSON_BYTES


def unknown_visitor(why: str) -> RequestError:
    refused = RequestError(
        why,
        status=401,
        code="invalid_api_key",
        hint="Send a key: Authorization: Bearer pakar_… (pakar keys create).",
    )
    refused.headers["WWW-Authenticate"] = 'Bearer realm="pakar"'
    return refused


def _limited(receive: Receive, limit: int, headers: Headers) -> Receive:
    """Receives no more than so many bytes of a body, whatever its headers say."""
    declared = headers.get("content-length", "0")
    if declared.isdigit() and int(declared) > limit:
        raise _too_large(limit)
    seen = 0

    async def receiving() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > limit:
            # Of this kind, as FastAPI turns any other one into "malformed".
            raise HTTPException(413, str(_too_large(limit)))
        return message

    return receiving


def _too_large(limit: int) -> RequestError:
    return RequestError(
        f"more than {limit:,} bytes were sent", status=413, code="too_large", hint="Send less."
    )


def _is_public(path: str) -> bool:
    return path in _PUBLIC or path.startswith("/static/")


def _cookie(headers: Headers) -> str:
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found else ""
