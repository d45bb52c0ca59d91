"""The tools that agents get: search, ask with sources, read a passage of a document.

Imports the MCP SDK, and is itself imported only when an agent comes.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing
from typing import Annotated

import anyio.to_thread
from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import BaseModel, Field

from pakar.errors import PakarError
from pakar.server.access.view import View
from pakar.server.access.visitor import Visitor
from pakar.server.answering import Asked, answering
from pakar.server.api.forms import Documents, Hits, Span, hit_body, span_body
from pakar.server.openai.completion import citations, computation
from pakar.server.openai.wire import CitationBody, ComputationBody
from pakar.server.service import Service
from pakar.types import Answer
from pakar.version import __version__

# The request that a call came with over HTTP; None over standard input.
WhoCalls = Callable[[object], Visitor]
_INSTRUCTIONS = (
    "Answers questions from this organisation's own documents. Use `ask` for an answer with "
    "sources, `search` for passages, `read` for what stands around one."
)


class Answered(BaseModel):
    """An answer; `citations` are verbatim quotes with their places, `unsupported` the sentences
    without a source; `computation` is there where the answer was computed from a table."""

    answer: str
    abstained: bool
    citations: list[CitationBody]
    unsupported: list[str]
    computation: ComputationBody | None = None


def agent_server(service: Service, who: WhoCalls) -> MCPServer:
    """The MCP server of an expert. `who` tells the visitor from the request of a call."""
    server = MCPServer(
        f"pakar: {service.name}",
        instructions=_INSTRUCTIONS,
        version=__version__,
        log_level="WARNING",
    )

    def view(context: Context) -> View:
        return service.view(who(context.request_context.request))

    @server.tool()
    def search(
        context: Context,
        query: Annotated[str, Field(max_length=20_000)],
        k: Annotated[int, Field(ge=1, le=50)] = 8,
    ) -> Hits:
        """Find the passages of the documents that fit a query best."""
        with _explained():
            return Hits(hits=[hit_body(hit) for hit in view(context).search(query, k)])

    @server.tool()
    async def ask(
        context: Context, question: Annotated[str, Field(min_length=1, max_length=20_000)]
    ) -> Answered:
        """Answer a question from the documents, with verbatim sources."""
        with _explained():
            seen = await anyio.to_thread.run_sync(view, context)
            answer = await _answer(service, seen, question)
        return Answered(
            answer=answer.text,
            abstained=answer.abstained,
            citations=citations(answer),
            unsupported=list(answer.unsupported),
            computation=computation(answer),
        )

    @server.tool()
    def documents(context: Context) -> Documents:
        """List the names of the documents."""
        with _explained():
            return Documents(documents=list(view(context).documents()))

    @server.tool()
    def read(
        context: Context,
        document: Annotated[str, Field(min_length=1, max_length=4000)],
        start: Annotated[int, Field(ge=0)] = 0,
        length: Annotated[int, Field(ge=1, le=20_000)] = 4000,
    ) -> Span:
        """Read a part of a document, from one character on."""
        with _explained():
            return span_body(view(context).document(document), start, start + length)

    return server


class _explained:  # noqa: N801  used like a function
    """What went wrong, in words for the agent."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, PakarError):
            hint = f". {error.hint}" if error.hint else ""
            raise ToolError(f"{error}{hint}") from error


async def _answer(service: Service, view: View, question: str) -> Answer:
    async with aclosing(answering(service.lanes, view, Asked(question))) as events:
        async for one in events:
            if isinstance(one, Answer):
                return one
    raise ToolError("the answer broke off")
