"""The commands that let people and programs in."""

from __future__ import annotations

import json
from collections.abc import Callable

import httpx
from typer.testing import CliRunner

from pakar import Expert
from pakar.cli.main import app


def test_a_key_from_the_command_line_opens_the_server(
    labelled: Expert, start: Callable[..., str]
) -> None:
    def run(*words: str, code: int = 0, given: str = "") -> dict[str, object]:
        arguments = [*words, "--expert", str(labelled.folder), "--json"]
        done = CliRunner().invoke(app, arguments, input=given)
        assert done.exit_code == code, done.output
        document = json.loads(done.stdout)
        assert isinstance(document, dict)
        return document

    assert "no user" in str(run("keys", "create", "rina", code=1)["error"])
    run("users", "add", "rina", "--label", "board")
    assert "already" in str(run("users", "add", "RINA", code=1)["error"])
    assert "no role" in str(run("users", "add", "budi", "--role", "king", code=1)["error"])
    short = run("users", "add", "ani", "--password", code=1, given="short\n")
    assert "10 characters" in str(short["error"])
    key = run("keys", "create", "rina", "--name", "reports")
    url = start(labelled, required=True)
    headers = {"Authorization": f"Bearer {key['key']}"}

    def documents() -> int:
        found = httpx.get(f"{url}/api/documents", headers=headers, timeout=60)
        return len(found.json()["documents"])

    assert (
        len(httpx.get(f"{url}/api/documents", headers=headers, timeout=60).json()["documents"]) == 2
    )
    (listed,) = run("keys", "list")["keys"]  # type: ignore[misc]
    assert "key" not in listed
    assert str(key["key"]).startswith(listed["begins"])
    run("users", "change", "rina", "--no-labels")
    assert (
        len(httpx.get(f"{url}/api/documents", headers=headers, timeout=60).json()["documents"]) == 1
    )
    shown = run("access", "list", "--user", "rina")["documents"]
    assert shown == [{"document": "documents/fees.md", "labels": [], "readers": ["rina"]}]
    run("keys", "revoke", "1")
    assert httpx.get(f"{url}/v1/models", headers=headers, timeout=60).status_code == 401
    run("users", "remove", "rina")
    assert run("users", "list") == {"users": []}
    actions = [one["action"] for one in run("access", "log")["entries"]]  # type: ignore[attr-defined]
    assert actions == ["user removed", "key revoked", "user changed", "key created", "user added"]
