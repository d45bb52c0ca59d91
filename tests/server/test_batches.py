"""Many questions as a job over HTTP: answered with its user's rights, told by webhook, not lost."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from pakar import Expert, Message
from pakar.config import Batches
from pakar.ports import Generation, ModelInfo
from pakar.server.batches import webhook
from pakar.server.problems import RequestError
from pakar.server.storage.database import Database
from pakar.server.storage.keys import Keys
from pakar.server.storage.users import Users

SECRET = "a secret of webhooks"
PAY = "What does the chief of the cheque department earn?"
FEE = "What does a cheque book cost?"
TOPICS = {
    "properties": {
        "topic": {
            "oneOf": [
                {"const": "fees", "description": "What a cheque book costs"},
                {"const": "hours", "description": "When branches open"},
            ]
        }
    }
}
get, post = httpx.get, httpx.post


class Receiver:
    """A webhook's receiver: gives the statuses in turn, then 204; notes what came."""

    def __init__(self, statuses: Sequence[int] = (), wait: float = 0.0) -> None:
        self.came: list[tuple[dict[str, str], bytes]] = []
        left = list(statuses)
        came = self.came

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                came.append((dict(self.headers), body))
                time.sleep(wait)
                status = left.pop(0) if left else 204
                self.send_response(status)
                if 300 <= status < 400:
                    self.send_header("location", f"http://127.0.0.1:{self.server.server_port}/x")
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.host = f"127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    monkeypatch.setenv(webhook.VARIABLE, SECRET)
    made = Receiver([503])
    yield made
    made.close()


def allowing(expert: Expert, host: str) -> Expert:
    """The same expert, whose jobs may tell this host."""
    settings = expert.folder / "pakar.toml"
    text = settings.read_text().replace("webhook_hosts = []", f'webhook_hosts = ["{host}"]')
    settings.write_text(text.replace("webhook_wait = 5.0", "webhook_wait = 0.05"))
    return Expert.open(expert.folder)


def ended(client: httpx.Client, key: str, state: str = "done") -> dict[str, object]:
    """The job, as soon as it is in the state."""
    for _ in range(1200):
        body = client.get(f"/api/batches/{key}").json()
        if body["state"] == state and (
            not body["webhook"] or body["webhook"]["state"] != "waiting"
        ):
            return body
        time.sleep(0.05)
    pytest.fail(f"the job did not become {state}: {body}")


def test_a_job_is_answered_with_the_rights_of_who_sent_it(
    labelled: Expert, start: Callable[..., str]
) -> None:
    url = start(labelled, required=True)
    database = Database.beside(labelled.folder)
    clients = {}
    for name, labels in (("rina", ()), ("budi", ("board",))):
        Users(database).add(name, "reader", labels)
        headers = {"Authorization": f"Bearer {Keys(database).create(name)[1]}"}
        clients[name] = httpx.Client(base_url=url, headers=headers, timeout=60)
    sent = {"questions": [PAY, {"question": FEE, "id": 7}], "route": "extract"}
    keys = {}
    for name, client in clients.items():
        taken = client.post("/api/batches", json=sent)
        assert taken.status_code == 202, taken.text
        keys[name] = taken.json()["id"]
        done = ended(client, keys[name])
        assert (done["rows"], done["done"], done["failed"]) == (2, 2, 0)
        rows = client.get(f"/api/batches/{keys[name]}/results").text
        assert ("900 rupees" in rows) == (name == "budi")
        second = json.loads(rows.splitlines()[1])
        assert (second["id"], second["answer"]) == (7, "A cheque book costs 50 rupees.")
        assert second["sources"][0]["document"] == "documents/fees.md"
    # Nobody else's, and no more than one may read now.
    other = f"/api/batches/{keys['budi']}"
    for method, path in (
        ("GET", other), ("GET", f"{other}/results"), ("POST", f"{other}/cancel"),
        ("POST", f"{other}/resume"), ("DELETE", other),
    ):  # fmt: skip
        assert clients["rina"].request(method, path).status_code == 404
    listed = clients["rina"].get("/api/batches").json()["batches"]
    assert [one["id"] for one in listed] == [keys["rina"]]
    Users(database).change("budi", labels=[])
    assert clients["budi"].get(f"{other}/results").status_code == 403
    assert clients["budi"].delete(other).status_code == 204
    assert not (labelled.folder / ".batches" / keys["budi"]).exists()
    for client in clients.values():
        client.close()
    database.close()


def test_a_file_with_a_schema_is_told_of_by_a_signed_webhook_without_contents(
    bank: Expert, receiver: Receiver, start: Callable[..., str]
) -> None:
    url = start(allowing(bank, receiver.host))
    file = f"id,question\n1,{FEE}\n2,\n3,When do branches open?\n"
    form = {
        "schema": json.dumps(TOPICS),
        "nearest": "true",
        "route": "extract",
        "webhook": f"http://{receiver.host}/hooks/path-secret",
    }
    with httpx.Client(base_url=url, timeout=60) as client:
        sent = client.post(
            "/api/batches/upload", data=form, files={"file": ("ask.csv", file.encode())}
        )
        assert sent.status_code == 202, sent.text
        done = ended(client, sent.json()["id"])
        results = client.get(f"/api/batches/{done['id']}/results")
    assert results.headers["content-type"].startswith("text/csv")
    lines = results.text.splitlines()
    assert lines[0].startswith("id,question,answer,abstained,topic,sources")
    assert len(lines) == 4
    assert done["failures"] == [{"row": 2, "error": "question is empty"}]
    assert done["webhook"] == {"host": receiver.host, "state": "told", "problem": ""}
    # The first try got 503; both tries are the same message, signed, and hold counts only.
    assert len(receiver.came) == 2
    (first, body), (second, again) = receiver.came
    assert first["webhook-id"] == second["webhook-id"]
    assert body == again
    told = json.loads(body)
    assert (told["type"], told["data"]["state"]) == ("batch.done", "done")
    assert {name: told["data"][name] for name in ("rows", "failed")} == {"rows": 3, "failed": 1}
    assert set(told["data"]) == {"id", "state", "rows", "failed", "review"}
    signed = f"{first['webhook-id']}.{first['webhook-timestamp']}.".encode() + body
    expected = hmac.new(SECRET.encode(), signed, hashlib.sha256).digest()
    assert first["webhook-signature"] == f"v1,{base64.b64encode(expected).decode()}"
    kept = "".join(path.read_text() for path in bank.folder.glob("*.toml"))
    assert SECRET not in kept


@pytest.mark.parametrize(
    ("sent", "code", "says"),
    [
        ({"questions": [FEE], "column": "text", "answer": False}, "invalid_request", "schema"),
        ({"questions": [{"q": FEE}]}, "invalid_request", "no column"),
        ({"questions": [FEE], "route": "nowhere"}, "model_not_found", "no route"),
        ({"questions": [FEE], "schema": {"type": "array"}}, "invalid_request", ""),
        ({"questions": [FEE], "webhook": "http://127.0.0.1:9/x"}, "webhook_refused", "not allowed"),
        ({"questions": []}, "invalid_request", "questions"),
        ({"questions": [FEE], "more": 1}, "invalid_request", "more"),
    ],
)
def test_what_cannot_be_answered_is_refused_at_once(
    url: str, bank: Expert, sent: dict[str, object], code: str, says: str
) -> None:
    refused = post(f"{url}/api/batches", json=sent, timeout=60)
    assert 400 <= refused.status_code < 500, refused.text
    error = refused.json()["error"]
    assert says in error["message"]
    assert str(bank.folder) not in refused.text
    assert get(f"{url}/api/batches", timeout=60).json() == {"batches": []}
    left = [one.name for one in (bank.folder / ".batches").iterdir()]
    assert left in ([], [".lock"])


def test_a_cancelled_job_ends_and_can_be_gone_on_with(
    bank: Expert, monkeypatch: pytest.MonkeyPatch, start: Callable[..., str]
) -> None:
    held = threading.Event()
    begun = threading.Event()

    class Slow:
        info = ModelInfo("testing:slow", 4096)

        def count_tokens(self, messages: Sequence[Message]) -> int:
            return 10

        def generate(self, messages: Sequence[Message], settings: Generation) -> Iterator[str]:
            begun.set()
            held.wait(60)
            yield "Fine."

    monkeypatch.setattr("pakar.flows.workplace.open_language_model", lambda *_, **__: Slow())
    with httpx.Client(base_url=start(bank), timeout=60) as client:
        sent = {"questions": [f"Question {n}?" for n in range(5)], "route": "base"}
        key = client.post("/api/batches", json=sent).json()["id"]
        assert begun.wait(60)
        assert client.delete(f"/api/batches/{key}").status_code == 409
        assert client.get(f"/api/batches/{key}/results").status_code == 409
        assert client.post(f"/api/batches/{key}/cancel").json()["state"] == "cancelled"
        held.set()
        ended(client, key, "cancelled")
        assert client.post(f"/api/batches/{key}/resume").json()["state"] in ("waiting", "running")
        done = ended(client, key)
        assert (done["done"], done["failed"]) == (5, 0)
        assert client.get(f"/api/batches/{key}/results").text.count('"answer": "Fine."') == 5


def test_a_killed_server_goes_on_with_its_job_and_tells_once(
    bank: Expert, receiver: Receiver, tmp_path: Path
) -> None:
    expert = allowing(bank, receiver.host)
    asked = [f"What does a cheque book number {n} cost?" for n in range(120)]
    sent = {"questions": asked, "route": "extract", "webhook": f"http://{receiver.host}/"}
    with served(expert, tmp_path) as (process, client):
        key = client.post("/api/batches", json=sent).json()["id"]
        journal = bank.folder / ".batches" / key / "answers.jsonl.journal"
        until(lambda: journal.is_file() and journal.read_bytes().count(b"\n") >= 5)
        process.kill()
        process.wait()
    answered = journal.read_bytes().count(b"\n")
    assert 5 <= answered < len(asked)
    assert not receiver.came
    with served(expert, tmp_path) as (_, client):
        done = ended(client, key)
        assert done["done"] == len(asked)
        assert answered <= done["known"] < len(asked)
        rows = client.get(f"/api/batches/{key}/results").text.splitlines()
    assert [json.loads(row)["question"] for row in rows] == asked
    assert {headers["webhook-id"] for headers, _ in receiver.came} == {
        receiver.came[0][0]["webhook-id"]
    }


HOSTS = Batches(webhook_hosts=["hooks.example.com", "127.0.0.1:9000", "[::1]:9000"])


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example.com/x", "http://hooks.example.com/x?y=1",
        "https://HOOKS.example.com:443", "http://127.0.0.1:9000/", "http://[::1]:9000/",
    ],
)  # fmt: skip
def test_named_hosts_may_be_told(url: str) -> None:
    assert webhook.checked(url, HOSTS) == url


@pytest.mark.parametrize(
    "url",
    [
        "", "hooks.example.com", "ftp://hooks.example.com/", "file:///etc/passwd", "https:///x",
        "https://hooks.example.com:8443/", "https://hooks.example.com.evil.example/",
        "https://evil.example/hooks.example.com", "https://evil.example#hooks.example.com",
        "https://hooks.example.com@evil.example/", "https://a:b@hooks.example.com/",
        "https://evil.example\\@hooks.example.com/", "http://127.0.0.1/", "http://localhost:9000/",
        "http://127.0.0.1:99999/", "https://hooks.example.com/\r\nx: y", "https://[::1/",
        "http://169.254.169.254/latest/meta-data", "https://hooks.example.com/" + "x" * 3000,
    ],
)  # fmt: skip
def test_no_other_address_is_called(url: str) -> None:
    with pytest.raises(RequestError, match="webhook") as refused:
        webhook.checked(url, HOSTS)
    assert refused.value.status == 400
    with pytest.raises(RequestError):
        webhook.checked("https://hooks.example.com/", Batches())


@pytest.mark.parametrize(
    ("statuses", "wait", "verdict", "calls"),
    [((302,), 0.0, "refused", 1), ((404,), 0.0, "refused", 1), ((500,), 0.0, "again", 1),
     ((429,), 0.0, "again", 1), ((), 1.0, "again", 1), ((200,), 0.0, "told", 1)],
)  # fmt: skip
def test_one_call_follows_nothing_and_takes_no_longer_than_allowed(
    statuses: Sequence[int], wait: float, verdict: str, calls: int
) -> None:
    receiver = Receiver(statuses, wait)
    outcome = webhook.call(f"http://{receiver.host}/", b"x" * 16, "1", {}, 0.4 if wait else 20.0)
    assert outcome.verdict == verdict
    assert len(receiver.came) == calls
    receiver.close()
    assert webhook.call(f"http://{receiver.host}/", b"x" * 16, "1", {}, 5).verdict == "again"


def test_the_secret_lies_outside_the_expert(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(webhook.VARIABLE, raising=False)
    folder = tmp_path / "bank"
    folder.mkdir()
    (folder / "inside").write_text(SECRET)
    (tmp_path / "outside").write_text(f"{SECRET}\n")
    (tmp_path / "short").write_text("short")
    for name in ("", "inside", "../short", "../none"):
        with pytest.raises(RequestError, match="secret"):
            webhook.secret(Batches(webhook_secret_file=name), folder)
    found = webhook.secret(Batches(webhook_secret_file="../outside"), folder)
    assert found == SECRET.encode()
    monkeypatch.setenv(webhook.VARIABLE, "whsec_" + base64.b64encode(b"k" * 32).decode())
    assert webhook.secret(Batches(), folder) == b"k" * 32


@contextmanager
def served(expert: Expert, folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], httpx.Client]]:
    """`pakar serve` as a process of its own."""
    log = folder / "log"
    with log.open("w") as file:
        arguments = ["serve", "--port", "0", "--expert", str(expert.folder)]
        process = subprocess.Popen(
            [sys.executable, "-c", "from pakar.cli.main import run; run()", *arguments],
            stderr=file,
            env=dict(os.environ),
        )
    try:
        until(lambda: re.search(r"http://\S+", log.read_text()) is not None)
        found = re.search(r"http://\S+", log.read_text())
        assert found is not None
        until(lambda: answers(found[0]))
        with httpx.Client(base_url=found[0], timeout=60) as client:
            yield process, client
    finally:
        process.kill()
        process.wait()


def answers(url: str) -> bool:
    try:
        return get(f"{url}/healthz", timeout=60).is_success
    except httpx.TransportError:
        return False


def until(holds: Callable[[], bool], seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)
