"""Who may use the server, and that nobody sees what they may not."""

from __future__ import annotations

import datetime
import re
import sqlite3
from collections.abc import Callable, Iterator

import httpx
import pytest

from pakar import Expert
from pakar.errors import ConfigError
from pakar.server.access.labels import Labels
from pakar.server.access.visitor import Visitor
from pakar.server.run import Place, serve
from pakar.server.storage.database import Database
from pakar.server.storage.keys import Keys
from pakar.server.storage.users import Users

PASSWORD = "correct horse battery"
QUESTION = "What does the chief of the cheque department earn?"
SECRET = "900 rupees"  # a number alone may stand in the identifier of an answer

Client = Callable[[str], httpx.Client]


@pytest.fixture
def clients(
    labelled: Expert, start: Callable[..., str]
) -> Iterator[tuple[Callable[..., httpx.Client], Database]]:
    """Makes users and gives clients with their keys; the server asks for keys."""
    url = start(labelled, required=True)
    database = Database.beside(labelled.folder)
    opened: list[httpx.Client] = []

    def client(name: str = "", role: str = "reader", *labels: str) -> httpx.Client:
        headers = {}
        if name:
            Users(database).add(name, role, labels, PASSWORD)
            headers["Authorization"] = f"Bearer {Keys(database).create(name)[1]}"
        opened.append(httpx.Client(base_url=url, headers=headers, timeout=60))
        return opened[-1]

    yield client, database
    for one in opened:
        one.close()
    database.close()


def test_nothing_is_open_without_a_key(clients) -> None:
    make, _ = clients
    nobody = make()
    for path in ("/v1/models", "/api/documents", "/openapi.json", "/mcp", "/api/conversations"):
        refused = nobody.get(path)
        assert refused.status_code == 401, path
        assert refused.json()["error"]["code"] == "invalid_api_key"
    assert nobody.get("/healthz").json() == {"status": "ok"}
    led = nobody.get("/", headers={"accept": "text/html"})
    assert (led.status_code, led.headers["location"]) == (303, "/login")
    wrong = httpx.get(nobody.base_url.join("/v1/models"), headers={"Authorization": "Bearer x"})
    assert "not known" in wrong.json()["error"]["message"]


def test_a_reader_sees_only_what_their_labels_allow(clients) -> None:
    make, _ = clients
    reader, board = make("rina"), make("budi", "reader", "board")
    assert reader.get("/api/documents").json()["documents"] == ["documents/fees.md"]
    assert len(board.get("/api/documents").json()["documents"]) == 2
    for client, sees in ((reader, False), (board, True)):
        for path, body in [
            ("/api/search", {"query": QUESTION}),
            ("/v1/chat/completions", _asked("bank/extract")),
            ("/api/ask", {"question": QUESTION, "route": "extract"}),
        ]:
            given = client.post(path, json=body)
            assert given.status_code == 200, given.text
            assert (SECRET in given.text) == sees, path
    text = {"name": "documents/board/salaries.md"}
    assert board.get("/api/documents/text", params=text).status_code == 200
    hidden = reader.get("/api/documents/text", params=text)
    missing = reader.get("/api/documents/text", params={"name": "documents/none.md"})
    assert hidden.status_code == missing.status_code == 404
    assert hidden.json()["error"]["code"] == missing.json()["error"]["code"]


def test_an_answer_is_withheld_when_its_sources_are(clients) -> None:
    make, database = clients
    board = make("budi", "reader", "board")
    kept = board.post("/api/ask", json={"question": QUESTION, "route": "extract"}).json()
    place = f"/api/conversations/{kept['conversation']}"
    assert SECRET in board.get(place).text
    Users(database).change("budi", labels=[])
    for path in (place, f"{place}/export"):
        shown = board.get(path)
        assert shown.status_code == 200
        assert SECRET not in shown.text
        assert '"withheld": true' in shown.text.replace('":true', '": true')
    # The next answer is not written from it either.
    again = board.post("/api/ask", json={"question": "And?", "conversation": kept["conversation"]})
    assert SECRET not in again.text


def test_conversations_are_their_owners(clients) -> None:
    make, _ = clients
    one, other, admin = make("rina"), make("budi"), make("ani", "admin")
    kept = one.post("/api/ask", json={"question": "What does a cheque book cost?"}).json()
    place = f"/api/conversations/{kept['conversation']}"
    assert one.get(place).json()["turns"][0]["answer"]
    for stranger in (other, admin):
        assert stranger.get(place).status_code == 404
        assert stranger.delete(place).status_code == 404
        assert stranger.get("/api/conversations").json() == {"conversations": []}
        said = {"turn": kept["turn"], "verdict": "down"}
        assert stranger.post("/api/feedback", json=said).status_code == 404
    assert one.post("/api/feedback", json={"turn": kept["turn"], "verdict": "up"}).is_success
    assert one.get("/api/conversations", params={"words": "cheque"}).json()["conversations"]
    assert not one.get("/api/conversations", params={"words": "%"}).json()["conversations"]
    assert one.delete(place).status_code == 204
    assert one.get(place).status_code == 404


def test_a_key_ends_when_it_is_revoked_or_expires(clients) -> None:
    make, database = clients
    client = make("rina")
    keys = Keys(database)
    assert client.get("/v1/models").is_success
    keys.revoke(keys.all()[0].id)
    assert "revoked" in client.get("/v1/models").json()["error"]["message"]
    made, secret = keys.create("rina", days=1e-9)
    client.headers["Authorization"] = f"Bearer {secret}"
    assert "expired" in client.get("/v1/models").json()["error"]["message"]
    _, secret = keys.create("rina", days=1)
    client.headers["Authorization"] = f"Bearer {secret}"
    assert client.get("/v1/models").is_success
    Users(database).remove("rina")
    assert client.get("/v1/models").status_code == 401
    assert made.expires < datetime.datetime.now(datetime.UTC).isoformat()


def test_secrets_are_not_kept_as_they_are(clients, labelled: Expert) -> None:
    make, database = clients
    secret = make("rina").headers["Authorization"].removeprefix("Bearer ")
    database.close()
    with sqlite3.connect(labelled.folder / "server.db") as rows:
        everything = "\n".join(rows.iterdump())
    assert secret not in everything
    assert PASSWORD not in everything
    assert secret[:14] in everything


def test_a_browser_logs_in_and_its_forms_are_its_own(clients) -> None:
    make, _ = clients
    make("rina")
    browser = make()
    wrong = browser.post("/login", data={"name": "rina", "password": "wrong password"})
    assert wrong.status_code == 401
    browser.post("/login", data={"name": "rina", "password": PASSWORD})
    cookie = next(iter(browser.cookies.jar))
    assert cookie.has_nonstandard_attr("HttpOnly")
    assert cookie.get_nonstandard_attr("SameSite", "").lower() == "strict"
    page = browser.get("/")
    token = re.search(r'name="csrf" value="(\w+)"', page.text)
    assert token is not None
    question = {"question": "What does a cheque book cost?"}
    assert browser.post("/", data=question).status_code == 403
    assert browser.post("/", data={**question, "csrf": "0" * 64}).status_code == 403
    own = browser.post("/", data={**question, "csrf": token[1]})
    assert own.status_code in (200, 303)  # to the conversation that it began
    browser.post("/logout", data={"csrf": token[1]})
    assert browser.get("/", headers={"accept": "text/html"}).status_code == 303


def test_guessing_passwords_is_slowed_down(clients) -> None:
    make, _ = clients
    browser = make()
    tries = [browser.post("/login", data={"name": "x", "password": "y"}) for _ in range(8)]
    assert tries[-1].status_code == 429
    assert int(tries[-1].headers["retry-after"]) >= 1


def test_other_pages_reach_nothing(url: str) -> None:
    with httpx.Client(base_url=url, timeout=60) as client:
        assert client.get("/", headers={"host": "evil.example"}).status_code == 421
        for headers in ({"origin": "http://evil.example"}, {"sec-fetch-site": "cross-site"}):
            sent = client.post("/", data={"question": "x"}, headers=headers)
            assert sent.status_code == 403
        own = client.post("/api/search", json={"query": "fee"}, headers={"origin": url})
        assert own.status_code == 200


def test_too_much_is_refused_whatever_the_headers_say(url: str) -> None:
    def chunks() -> Iterator[bytes]:
        yield b'{"query": "'
        for _ in range(5):
            yield b"x" * 1_000_000
        yield b'"}'

    sent = httpx.post(
        f"{url}/api/search", content=chunks(), headers={"content-type": "application/json"}
    )
    assert sent.status_code == 413
    whole = httpx.post(f"{url}/api/search", content=b"x" * 5_000_000, timeout=60)
    assert whole.status_code == 413


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5"])
def test_it_does_not_start_open(bank: Expert, host: str) -> None:
    with pytest.raises(ConfigError, match="no user") as refused:
        serve(bank, Place(host, 0), warm=False, say=lambda line: None)
    assert "pakar users add" in refused.value.hint


def test_every_label_has_to_be_held() -> None:
    labels = Labels({"**/board/**": ["board"], "*salar*": ["hr"], "Öffentlich/*": ["x"]})
    assert labels.of("documents/board/Salaries.md") == {"board", "hr"}
    assert labels.of("o\u0308ffentlich/a.md") == {"x"}
    both = Visitor(1, "a", "reader", frozenset({"board", "hr"}))
    assert labels.may_read(both, "documents/board/Salaries.md")
    for held in ({"board"}, {"hr"}, set()):
        some = Visitor(1, "a", "reader", frozenset(held))
        assert not labels.may_read(some, "documents/board/Salaries.md")
    assert labels.may_read(Visitor(1, "a", "admin"), "documents/board/Salaries.md")
    assert labels.of("documents/boardroom.md") == frozenset()


def _asked(model: str) -> dict[str, object]:
    return {"model": model, "messages": [{"role": "user", "content": QUESTION}]}
