"""The SDK's own client uses the tools, over HTTP and over pipes."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TypeVar

import httpx2
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from pakar import Expert
from pakar.server.storage.database import Database
from pakar.server.storage.keys import Keys
from pakar.server.storage.users import Users

Result = TypeVar("Result")
ANSWER = "A cheque book costs 50 rupees."


def test_an_agent_searches_asks_and_reads(url: str) -> None:
    _with(_over(url), _story)


def test_an_agent_on_this_machine_does_the_same(bank: Expert, testing_backend: str) -> None:
    code = "from pakar.cli.main import run; run()"
    arguments = ["-c", code, "mcp", "--expert", str(bank.folder)]
    server = StdioServerParameters(command=sys.executable, args=arguments, env=dict(os.environ))
    _with(Client(server), _story)


def test_an_agent_sees_what_its_key_may_see(labelled: Expert, start: Callable[..., str]) -> None:
    url = start(labelled, required=True)
    database = Database.beside(labelled.folder)
    Users(database).add("rina", "reader")
    Users(database).add("budi", "reader", ["board"])

    async def names(client: Client) -> list[str]:
        found = await client.call_tool("documents", {})
        hidden = await client.call_tool("read", {"document": "documents/board/salaries.md"})
        listed: list[str] = found.structured_content["documents"]
        assert hidden.is_error == (len(listed) == 1)
        return listed

    seen = [_with(_over(url, Keys(database).create(name)[1]), names) for name in ("rina", "budi")]
    assert [len(one) for one in seen] == [1, 2]
    database.close()
    with pytest.raises(BaseExceptionGroup):
        _with(_over(url, "pakar_wrong"), names)


async def _story(client: Client) -> None:
    tools = {tool.name for tool in (await client.list_tools()).tools}
    assert tools == {"search", "ask", "documents", "read"}
    found = await client.call_tool("search", {"query": "price of a cheque book", "k": 1})
    (hit,) = found.structured_content["hits"]
    assert ANSWER in hit["text"]
    part = {"document": hit["document"], "start": hit["start"], "length": 6}
    read = (await client.call_tool("read", part)).structured_content
    assert read["text"] == hit["text"][:6]
    asked = await client.call_tool("ask", {"question": "What does a cheque book cost?"})
    assert asked.structured_content["answer"] == ANSWER
    assert asked.structured_content["citations"][0]["quote"] == ANSWER
    wrong = await client.call_tool("read", {"document": "none.md"})
    assert wrong.is_error
    assert "no document" in wrong.content[0].text


@asynccontextmanager
async def _over(url: str, key: str = "") -> AsyncIterator[Client]:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    async with httpx2.AsyncClient(headers=headers, timeout=30) as http:
        async with Client(streamable_http_client(f"{url}/mcp", http_client=http)) as client:
            yield client


def _with(
    client: AbstractAsyncContextManager[Client], use: Callable[[Client], Awaitable[Result]]
) -> Result:
    async def used() -> Result:
        async with client as entered:
            return await use(entered)

    return asyncio.run(used())
