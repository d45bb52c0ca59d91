"""/mcp: streamable HTTP, without sessions: each request shows its own key and is judged by it.

The SDK is loaded when the first agent comes, so that the server starts at once without it.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from pakar.server.access.visitor import Visitor
from pakar.server.service import Service, visitor_of

if TYPE_CHECKING:
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

PATH = "/mcp"


class AgentDoor:
    """The ASGI app at /mcp. Behind the gate, which has judged host, origin and key."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._manager: StreamableHTTPSessionManager | None = None
        self._task: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()
        self._stop = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        visitor_of(Request(scope))
        await (await self._started()).handle_request(scope, receive, send)

    async def close(self) -> None:
        """Ends what runs."""
        self._stop.set()
        if self._task is not None:
            await self._task

    async def _started(self) -> StreamableHTTPSessionManager:
        async with self._starting:
            if self._manager is None:
                manager = await asyncio.to_thread(_manager, self._service)
                ready = asyncio.Event()
                self._task = asyncio.create_task(self._run(manager, ready))
                await ready.wait()
                self._manager = manager
            return self._manager

    async def _run(self, manager: StreamableHTTPSessionManager, ready: asyncio.Event) -> None:
        # A task of its own, because the SDK wants to be left where it was entered.
        async with manager.run():
            ready.set()
            await self._stop.wait()


def _manager(service: Service) -> StreamableHTTPSessionManager:
    from mcp.server.transport_security import TransportSecuritySettings

    from pakar.server.agents.tools import agent_server

    server = agent_server(service, _who)
    # The gate has looked at host and origin already, by the settings of pakar.toml.
    server.streamable_http_app(
        stateless_http=True,
        json_response=True,
        transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
    )
    return server.session_manager


def _who(request: object) -> Visitor:
    if not isinstance(request, Request):
        raise RuntimeError("a call over HTTP came without its request")
    return visitor_of(request)
