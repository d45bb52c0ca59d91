"""`pakar mcp`: an agent on this machine starts the expert and speaks to it over pipes."""

from __future__ import annotations

import asyncio

from pakar.backends.extras import require
from pakar.expert import Expert
from pakar.server.access.visitor import OWNER


def run(expert: Expert) -> None:
    """Returns when the agent closes the pipe. Raises MissingExtraError without the SDK."""
    require("mcp", "fastapi", extra="serve")
    from pakar.server.agents.tools import agent_server
    from pakar.server.service import make_service

    service = make_service(expert, required=False)
    try:
        # Who may start a program in this folder may read it.
        asyncio.run(agent_server(service, lambda request: OWNER).run_stdio_async())
    finally:
        service.close()
