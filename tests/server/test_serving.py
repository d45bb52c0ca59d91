"""Clients that leave, lines that are full, models that fail, servers that are stopped or killed."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import httpx
import pytest

from pakar import Expert, Message
from pakar.ports import Generation, ModelInfo
from pakar.testing import ScriptedModel

# A busy machine is no fault.
post = partial(httpx.post, timeout=60)
get = partial(httpx.get, timeout=60)
ASKED = {"messages": [{"role": "user", "content": "What does a cheque book cost?"}]}


class SlowModel:
    """Writes a word, then waits until it may go on; notes what was closed."""

    def __init__(self) -> None:
        self.info = ModelInfo("testing:slow", 4096)
        self.go_on = threading.Event()
        self.begun = threading.Semaphore(0)
        self.closed = threading.Semaphore(0)

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return 10

    def generate(self, messages: Sequence[Message], settings: Generation) -> Iterator[str]:
        self.begun.release()
        try:
            for number in range(200):
                yield f"word{number} "
                self.go_on.wait(0.02)
        finally:
            self.closed.release()


@pytest.fixture
def slow(bank: Expert, monkeypatch: pytest.MonkeyPatch) -> SlowModel:
    model = SlowModel()
    monkeypatch.setattr("pakar.flows.workplace.open_language_model", lambda *_, **__: model)
    return model


def test_a_client_that_leaves_stops_the_model(
    bank: Expert, slow: SlowModel, start: Callable[..., str]
) -> None:
    url = start(bank)
    body = {"model": "bank/base", **ASKED}
    for streams in (False, True):
        leaving = _begun(url, {**body, "stream": streams})
        assert slow.begun.acquire(timeout=60)
        leaving.close()
        assert slow.closed.acquire(timeout=60)
    slow.go_on.set()
    assert "word199" in post(f"{url}/v1/chat/completions", json=body).text


def test_a_full_line_says_so_and_empties(
    bank: Expert, slow: SlowModel, start: Callable[..., str]
) -> None:
    settings = bank.folder / "pakar.toml"
    text = settings.read_text().replace("running = 2", "running = 1")
    settings.write_text(text.replace("waiting = 32", "waiting = 1"))
    url = start(Expert.open(bank.folder))
    statuses: list[int] = []

    def ask() -> None:
        body = {"model": "bank/base", **ASKED}
        statuses.append(post(f"{url}/v1/chat/completions", json=body).status_code)

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    assert slow.begun.acquire(timeout=60)
    _until(lambda: "pakar_answers_inside 2.0" in get(f"{url}/metrics").text)
    full = post(f"{url}/v1/chat/completions", json={"model": "bank/base", **ASKED})
    assert full.status_code == 503
    assert int(full.headers["retry-after"]) >= 1
    assert full.json()["error"]["code"] == "server_busy"
    # What needs no model goes on meanwhile.
    assert post(f"{url}/api/search", json={"query": "fee"}).is_success
    slow.go_on.set()
    for thread in threads:
        thread.join()
    assert statuses == [200, 200]
    _until(lambda: "pakar_answers_inside 0.0" in get(f"{url}/metrics").text)


def test_a_model_that_fails_ends_the_stream_with_an_error(
    bank: Expert, monkeypatch: pytest.MonkeyPatch, start: Callable[..., str]
) -> None:
    model = ScriptedModel(["One two three."] * 3, error=RuntimeError("the card fell out"))
    monkeypatch.setattr("pakar.flows.workplace.open_language_model", lambda *_, **__: model)
    url = start(bank)
    body = {"model": "bank/base", **ASKED}
    whole = post(f"{url}/v1/chat/completions", json=body)
    assert whole.status_code == 500
    assert "the card fell out" in whole.json()["error"]["message"]
    stream = post(f"{url}/v1/chat/completions", json={**body, "stream": True})
    events = [line.removeprefix("data: ") for line in stream.text.splitlines() if line]
    assert "One" in events[1]
    assert json.loads(events[-1])["error"]["code"] == "model_failed"


def test_a_server_that_is_stopped_finishes_its_answer(
    bank: Expert, answers: Path, tmp_path: Path
) -> None:
    with _served(bank, tmp_path) as (process, url):
        body = {"model": "bank/rag", "stream": True, **ASKED}
        place = f"{url}/v1/chat/completions"
        with httpx.stream("POST", place, json=body, timeout=60) as stream:
            lines = stream.iter_lines()
            next(lines)
            process.send_signal(signal.SIGTERM)
            assert "[DONE]" in list(lines)[-2]
        assert process.wait(10) in (0, -signal.SIGTERM)


def test_a_kill_loses_no_answer_that_was_given(bank: Expert, tmp_path: Path) -> None:
    with _served(bank, tmp_path) as (process, url):
        given = []
        for _ in range(5):
            asked = {"question": "What does a cheque book cost?"}
            kept = post(f"{url}/api/ask", json=asked).json()
            said = post(f"{url}/api/feedback", json={"turn": kept["turn"], "verdict": "up"})
            given.append((kept["conversation"], said.json()["id"]))
        process.kill()
        process.wait()
    with _served(bank, tmp_path) as (_, url):
        for conversation, _ in given:
            turns = get(f"{url}/api/conversations/{conversation}").json()["turns"]
            assert turns[0]["answer"] == "A cheque book costs 50 rupees."
    from pakar.server.storage.database import Database
    from pakar.server.storage.feedback import FeedbackStore

    database = Database.beside(bank.folder)
    assert [one.id for one in FeedbackStore(database).all()] == [key for _, key in given]
    database.close()


def test_a_correction_waits_for_review(url: str, bank: Expert) -> None:
    asked = {"question": "What does a cheque book cost?"}
    kept = post(f"{url}/api/ask", json=asked).json()
    better = "A cheque book costs 50 rupees."
    said = {"turn": kept["turn"], "verdict": "down", "correction": better}
    assert post(f"{url}/api/feedback", json=said).status_code == 201
    _until(lambda: len(bank.examples()) > 0)
    (example,) = [one for one in bank.examples() if one.state == "waiting"]
    assert (example.question, example.answer) == (asked["question"], better)
    assert example.sources[0].document == "documents/fees.md"
    assert example.origin == "feedback"


def test_the_log_has_events_and_no_content(bank: Expert, tmp_path: Path) -> None:
    with _served(bank, tmp_path) as (process, url):
        asked = {"question": "What does a cheque book cost?"}
        post(f"{url}/api/ask", json=asked)
        get(f"{url}/api/documents/text", params={"name": "documents/fees.md"})
        get(f"{url}/nothing/secret-name")
        process.terminate()
        process.wait()
        log = (tmp_path / "log").read_text()
    lines = [json.loads(line) for line in log.splitlines()[1:]]
    requests = [one for one in lines if one["event"] == "request"]
    assert [(one["route"], one["status"]) for one in requests if one["route"] != "/healthz"] == [
        ("/api/ask", 200),
        ("/api/documents/text", 200),
        ("unknown", 404),
    ]
    for words in ("cheque", "rupees", "fees.md", "secret-name"):
        assert words not in log


def test_the_page_is_there_before_any_model(bank: Expert, tmp_path: Path) -> None:
    code = (
        "import sys, pakar.cli.serve, pakar.server.run, pakar.server.app as app\n"
        "from pakar import Expert\n"
        f"app.create_app(Expert.open({str(bank.folder)!r}))\n"
        "print({'torch', 'transformers', 'mcp', 'lancedb'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def _begun(url: str, body: dict[str, object]) -> socket.socket:
    """A request that was sent; nobody reads what comes back."""
    sent = json.dumps(body).encode()
    host, _, port = url.removeprefix("http://").partition(":")
    connection = socket.create_connection((host, int(port)))
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: {host}:{port}\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(sent)}\r\n\r\n"
    connection.sendall(head.encode() + sent)
    return connection


class _served:
    """`pakar serve` as a process of its own; its log is in a file."""

    def __init__(self, expert: Expert, folder: Path) -> None:
        self._expert = expert
        self._log = folder / "log"

    def __enter__(self) -> tuple[subprocess.Popen[bytes], str]:
        with self._log.open("w") as log:
            code = "from pakar.cli.main import run; run()"
            arguments = ["serve", "--port", "0", "--expert", str(self._expert.folder)]
            self._process = subprocess.Popen(
                [sys.executable, "-c", code, *arguments], stderr=log, env=dict(os.environ)
            )
        _until(lambda: "http://" in self._log.read_text())
        found = re.search(r"http://\S+", self._log.read_text())
        assert found is not None
        _until(lambda: _answers(found[0]))
        return self._process, found[0]

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()


def _answers(url: str) -> bool:
    try:
        return get(f"{url}/healthz").is_success
    except httpx.TransportError:
        return False


def _until(holds: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)
