"""Random operations of users with random rights, against a model of what they may see.

Each document has a secret that stands nowhere else, in its text and in its name, and in a table
beside it. The model repeats
its whole prompt, and the adapter all that it learned: what reaches either is in the answer.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pakar import Adapter, Expert, Message
from pakar.ports import Generation, ModelInfo
from pakar.server.app import create_app
from pakar.server.service import Service

# Rounds of 50 operations: 1,000 in all. PAKAR_LEAK_ROUNDS=100 makes them 5,000.
ROUNDS, OPERATIONS = int(os.environ.get("PAKAR_LEAK_ROUNDS", "20")), 50
FOLDERS = {"open": set(), "board": {"board"}, "hr": {"hr"}, "board/hr": {"board", "hr"}}
PATTERNS = {"documents/board/**": ["board"], "documents/**/hr/**": ["hr"]}
NAMES = ("rina", "budi", "ani")
ROLES = ("reader", "editor", "admin")
RIGHTS = ((), ("board",), ("hr",), ("board", "hr"))
SECRET = re.compile(r"secret(\d+)x")
MEASURES = "rent height weight length volume depth width speed".split()
LEARNED = (2, 3)  # documents of the folder board


class Parrot:
    """Says its prompt, and before it what it knows by heart."""

    info = ModelInfo("testing:parrot", 4096)

    def __init__(self, by_heart: str = "") -> None:
        self._by_heart = by_heart

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return sum(len(turn.content.split()) for turn in messages)

    def generate(self, messages: Sequence[Message], settings: Generation) -> Iterator[str]:
        yield self._by_heart
        yield from (f"{turn.content}\n" for turn in messages)


@dataclass(frozen=True)
class Operation:
    """What one user does; the numbers choose among what there is."""

    kind: str
    user: int
    document: int
    other: int


@dataclass
class World:
    """The server, and what the test knows of it."""

    service: Service
    runner: asyncio.Runner
    client: httpx.AsyncClient
    labels: list[set[str]]
    names: list[str]
    keys: list[str]
    rights: list[tuple[str, tuple[str, ...]]]
    talks: list[tuple[str, str]] = field(default_factory=list)
    shown: int = 0
    hidden: int = 0
    computed: int = 0

    def may_see(self, user: int) -> set[int]:
        role, held = self.rights[user]
        everything = range(len(self.labels))
        return {one for one in everything if role == "admin" or self.labels[one] <= set(held)}

    def send(self, user: int, method: str, path: str, body: object = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.keys[user]}"}
        if path == "/mcp":
            headers["Accept"] = "application/json, text/event-stream"
        request = self.client.request(method, path, json=body, headers=headers)
        return self.runner.run(_awaited(request))


KINDS = (
    "rights", "search", "ask", "ask", "go on", "compute", "chat", "stream", "adapter", "auto",
    "models",
    "list", "read", "talks", "talk", "export", "feedback",
    "mcp search", "mcp ask", "mcp read", "mcp list",
)  # fmt: skip
operations = st.lists(
    st.builds(
        Operation,
        st.sampled_from(KINDS),
        st.integers(0, len(NAMES) - 1),
        st.integers(0, 7),
        st.integers(0, 11),
    ),
    min_size=OPERATIONS,
    max_size=OPERATIONS,
)


@pytest.fixture
def world(
    testing_backend: str, answers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    expert = Expert.create(
        tmp_path / "bank", language_model=f"testing:{answers}", embedder=testing_backend
    )
    labels, names = [], []
    for number in range(8):
        folder, needed = list(FOLDERS.items())[number // 2]
        name = f"documents/{folder}/secret{number}x.md"
        path = tmp_path / "bank" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# Rules\n\nThe code of department {number} is secret{number}x.\n")
        path.with_suffix(".csv").write_text(_table(number))
        labels.append(needed)
        names.append(name)
    config = tmp_path / "bank" / "pakar.toml"
    lines = "".join(f'"{pattern}" = {json.dumps(of)}\n' for pattern, of in PATTERNS.items())
    text = config.read_text().replace("requests_per_minute = 120", "requests_per_minute = 0")
    config.write_text(text + lines)
    expert = Expert.open(tmp_path / "bank")
    expert.add(tmp_path / "bank" / "documents")
    _with_an_adapter(monkeypatch, [names[number] for number in LEARNED])

    app = create_app(expert, required=True)
    service = app.state.service
    keys = []
    for name in NAMES:
        service.users.add(name, "reader")
        keys.append(service.keys.create(name)[1])
    with asyncio.Runner() as runner:
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app), base_url="http://localhost"
        )
        rights: list[tuple[str, tuple[str, ...]]] = [("reader", ())] * len(NAMES)
        made = World(service, runner, client, labels, names, keys, rights)
        yield made
        runner.run(client.aclose())
        runner.run(app.state.door.close())
        service.close()
    # The test has seen both sides: what was shown, and what had to be kept back.
    assert made.shown > 5 * ROUNDS
    assert made.hidden > 5 * ROUNDS
    assert made.computed > 0


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_no_operation_shows_what_its_user_may_not_see(world: World) -> None:
    @settings(
        max_examples=ROUNDS,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(operations)
    def played(sequence: list[Operation]) -> None:
        for one in sequence:
            _play(world, one)

    played()


def _play(world: World, one: Operation) -> None:
    if one.kind == "rights":
        role, held = ROLES[one.other % 3], RIGHTS[one.document % 4]
        world.rights[one.user] = (role, held)
        world.service.users.change(NAMES[one.user], role=role, labels=held)
        return
    response = _sent(world, one)
    assert response.status_code < 500, response.text
    seen = {int(number) for number in SECRET.findall(response.text)}
    # A name that the user wrote comes back in the error message; it tells nothing.
    if response.status_code == 404 or (one.kind == "mcp read" and "no document" in response.text):
        seen -= {one.document}
    allowed = world.may_see(one.user)
    assert seen <= allowed, (one, response.text)
    world.computed += bool(seen) and one.kind == "compute" and '"query"' in response.text
    world.shown += bool(seen)
    world.hidden += one.document not in allowed


def _sent(world: World, one: Operation) -> httpx.Response:
    asked = f"What is the code of department {one.document}?"
    turns = {"messages": [{"role": "user", "content": asked}]}
    name = world.names[one.document]
    kind = one.kind
    if kind == "search":
        return world.send(one.user, "POST", "/api/search", {"query": asked})
    if kind in ("ask", "go on"):
        going_on = world.talks[one.other % len(world.talks)][0] if world.talks else ""
        body = {"question": asked, "route": ("rag", "extract")[one.other % 2]}
        body["conversation"] = going_on if kind == "go on" else ""
        response = world.send(one.user, "POST", "/api/ask", body)
        if response.is_success:
            kept = response.json()
            world.talks.append((kept["conversation"], kept["turn"]))
        return response
    if kind == "compute":
        asked = f"Which vault has the highest {MEASURES[one.document]}?"
        body = {"question": asked, "route": ("rag", "extract")[one.other % 2]}
        return world.send(one.user, "POST", "/api/ask", body)
    if kind in ("chat", "stream", "adapter", "auto"):
        route = {"adapter": ("lora", "rag+lora")[one.other % 2], "auto": "auto"}.get(kind, "rag")
        body = {"model": f"bank/{route}:footnotes", "stream": kind == "stream", **turns}
        return world.send(one.user, "POST", "/v1/chat/completions", body)
    if kind.startswith("mcp"):
        return world.send(one.user, "POST", "/mcp", _call(kind.removeprefix("mcp "), asked, name))
    return world.send(one.user, *_simple(world, one, name))


def _simple(world: World, one: Operation, name: str) -> tuple[str, str, object]:
    talk, turn = world.talks[one.other % len(world.talks)] if world.talks else ("none", "none")
    source = {"document": name}
    said = {"turn": turn, "verdict": "down", "correction": "No.", "sources": [source]}
    calls: dict[str, tuple[str, str, object]] = {
        "list": ("GET", "/api/documents", None),
        "models": ("GET", "/v1/models", None),
        "read": ("GET", f"/api/documents/text?name={name}", None),
        "talks": ("GET", "/api/conversations", None),
        "talk": ("GET", f"/api/conversations/{talk}", None),
        "export": ("GET", f"/api/conversations/{talk}/export", None),
        "feedback": ("POST", "/api/feedback", said),
    }
    return calls[one.kind]


def _table(number: int) -> str:
    """One that alone has its measure, so that its secret can be computed."""
    return f"Vault,{MEASURES[number].title()}\nsecret{number}x,9\nspare,1\n"


def _call(tool: str, asked: str, name: str) -> dict[str, object]:
    arguments: dict[str, dict[str, object]] = {
        "search": {"query": asked},
        "ask": {"question": asked},
        "read": {"document": name},
        "list": {},
    }
    called = {"name": "documents" if tool == "list" else tool, "arguments": arguments[tool]}
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": called}


def _with_an_adapter(monkeypatch: pytest.MonkeyPatch, documents: list[str]) -> None:
    adapter = Adapter("lora-1", "lora", "x", "x", "2026", 1, documents=tuple(documents))
    by_heart = Parrot(" ".join(f"secret{number}x" for number in LEARNED))
    monkeypatch.setattr(Expert, "adapters", lambda self: (adapter,))
    monkeypatch.setattr("pakar.flows.answering.adapters", lambda place: (adapter,))
    monkeypatch.setattr(
        "pakar.flows.answering.adapted", lambda place, one: by_heart if one else Parrot()
    )


async def _awaited(request: object) -> httpx.Response:
    return await request  # type: ignore[misc]
