"""Counts and logs each request from its first byte to its last. Pure ASGI, outside of all else."""

from __future__ import annotations

import re
import secrets
import time

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pakar.server.access.visitor import Visitor
from pakar.server.operations.logs import log
from pakar.server.operations.metrics import Metrics

_UNKNOWN = "unknown"


class Watch:
    """Knows the route's pattern and never the path itself: that may name a document."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        request = secrets.token_hex(8)
        status = 500

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-Id"] = request
            await send(message)

        try:
            await self._app(scope, receive, sending)
        finally:
            self._note(scope, request, status, time.perf_counter() - began)

    def _note(self, scope: Scope, request: str, status: int, seconds: float) -> None:
        route = _pattern(scope)
        method = scope["method"] if scope["method"] in _METHODS else _UNKNOWN
        self._metrics.requested(method, route, status, seconds)
        visitor = scope.get("state", {}).get("visitor")
        log(
            "request",
            request=request,
            method=method,
            route=route,
            status=status,
            seconds=round(seconds, 4),
            user=visitor.id if isinstance(visitor, Visitor) else -1,
        )


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_FIELD = re.compile(r"\{(\w+)(?::\w+)?\}")


def _pattern(scope: Scope) -> str:
    """The pattern of the address, with the prefix of the router that the route is in."""
    own: str = getattr(scope.get("route"), "path", "")
    if not own:
        return _UNKNOWN
    values = scope.get("path_params", {})
    filled = _FIELD.sub(lambda found: str(values.get(found[1], "")), own)
    path: str = scope["path"]
    return path[: len(path) - len(filled)] + own if path.endswith(filled) else own
