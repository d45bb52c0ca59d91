"""The pages, as a browser without scripts and our own scripts use them."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from pakar import Expert
from pakar.server.access.visitor import Role
from pakar.server.app import create_app
from pakar.server.pages.rendering import FOLDER, _environment
from pakar.server.pages.wording import LANGUAGES, preferred, texts
from pakar.server.storage.database import Database
from pakar.server.storage.users import Users

QUESTION = "What does a cheque book cost?"
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'{{ 7*7 }}"
PASSWORD = "correct horse battery"
BROWSER = {"accept": "text/html"}


@pytest.fixture
def browser(bank: Expert) -> Iterator[TestClient]:
    """One user on this machine."""
    with TestClient(create_app(bank), base_url="http://localhost", headers=BROWSER) as client:
        yield client


def events(text: str) -> list[tuple[str, object]]:
    found = []
    for block in text.split("\n\n"):
        match = re.match(r"event: (\w+)\ndata: (.*)", block, re.DOTALL)
        if match:
            found.append((match[1], json.loads(match[2])))
    return found


def ask(client: TestClient, question: str = QUESTION, **more: str) -> dict[str, str]:
    """Asks as the script does; gives what the last event holds."""
    sent = client.post("/ask/stream", data={"question": question, "route": "extract", **more})
    name, last = events(sent.text)[-1]
    assert name == "answer", sent.text
    assert isinstance(last, dict)
    return last


def until(client: TestClient, path: str, words: str) -> str:
    """The page at the path, as soon as it has the words."""
    for _ in range(600):
        text = client.get(path).text
        if words in text:
            return text
        time.sleep(0.05)
    pytest.fail(f"{words!r} did not appear on {path}: {text}")


def test_every_template_compiles_and_every_text_is_there_in_every_language() -> None:
    for file in FOLDER.rglob("*.html"):
        _environment().get_template(file.relative_to(FOLDER).as_posix())
    english = texts("en")
    for language in LANGUAGES:
        other = texts(language)
        assert {name: set(part) for name, part in other.items()} == {
            name: set(part) for name, part in english.items()
        }
        for section, part in other.items():
            for name, text in part.items():
                holes = re.findall(r"{(\w+)}", text)
                assert sorted(holes) == sorted(re.findall(r"{(\w+)}", english[section][name]))


def test_the_policy_forbids_what_the_pages_do_not_need(browser: TestClient) -> None:
    for path in ("/", "/documents", "/training", "/training/examples", "/compare"):
        page = browser.get(path)
        assert page.status_code == 200
        assert "script-src 'self'" in page.headers["content-security-policy"]
        assert "unsafe" not in page.headers["content-security-policy"]
        inline = re.findall(
            r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|javascript:", page.text
        )
        assert not inline
        assert not re.findall(r"(?:src|href)=\"(?:https?:)?//", page.text)


def test_an_answer_streams_and_ends_with_its_sources(browser: TestClient) -> None:
    sent = browser.post("/ask/stream", data={"question": QUESTION, "route": "rag"})
    found = events(sent.text)
    assert len([one for one in found if one[0] == "piece"]) > 1
    last = found[-1][1]
    assert isinstance(last, dict)
    assert 'class="cite"' in last["html"]
    assert "fees.md" in last["html"]
    kept = browser.get(f"/c/{last['conversation']}").text
    assert "A cheque book costs 50 rupees." in kept


def test_a_source_opens_at_its_exact_place(browser: TestClient) -> None:
    link = re.findall(r'class="cite" href="([^"]+)"', ask(browser)["html"])[0]
    whole = browser.get(link).text
    assert "<mark>A cheque book costs 50 rupees.</mark>" in whole
    assert "<html" in whole
    part = browser.get(link, headers={"hx-request": "true"}).text
    assert "<mark>" in part
    assert "<html" not in part


def test_a_sentence_without_support_is_marked(browser: TestClient, answers: Path) -> None:
    answers.write_text("A cheque book costs 50 rupees. Elephants paint the branch office pink.\n")
    sent = browser.post("/ask/stream", data={"question": QUESTION, "route": "rag"})
    html = events(sent.text)[-1][1]["html"]  # type: ignore[index]
    marked = re.findall(r'<span class="unsupported">([^<]+)', html)
    assert marked == ["Elephants paint the branch office pink."]


def test_what_documents_say_is_text_and_nothing_else(browser: TestClient, bank: Expert) -> None:
    (bank.folder / "documents" / "evil.txt").write_text(
        f"A locker costs 9 rupees {HOSTILE} a day.\n"
    )
    bank.add(bank.folder / "documents")
    pages = [
        ask(browser, f"What does a locker cost? {HOSTILE}")["html"],
        browser.get("/", headers=BROWSER).text,
        browser.get("/documents", params={"words": f"locker {HOSTILE}"}).text,
        browser.get("/document", params={"name": "documents/evil.txt"}).text,
        browser.get("/source", params={"document": "documents/evil.txt", "end": 60}).text,
    ]
    assert sum("&lt;script&gt;alert(1)" in page for page in pages) == len(pages)
    for page in pages:
        assert "<script>alert" not in page
        assert "<img" not in page


def test_without_scripts_a_question_leads_to_its_conversation(browser: TestClient) -> None:
    page = browser.post("/", data={"question": QUESTION, "route": "extract"})
    assert page.url.path.startswith("/c/")
    assert "A cheque book costs 50 rupees." in page.text


def test_conversations_are_found_exported_and_deleted(browser: TestClient) -> None:
    key = ask(browser)["conversation"]
    ask(browser, "When do branches open?")
    found = browser.get("/conversations", params={"words": "cheque"}).text
    assert QUESTION in found
    assert "When do branches open?" not in found
    text = browser.get(f"/c/{key}/export").text
    assert "1. documents/fees.md: “A cheque book costs 50 rupees.”" in text
    assert browser.get(f"/c/{key}/export", params={"form": "json"}).json()["title"] == QUESTION
    assert browser.delete(f"/c/{key}").headers["hx-redirect"] == "/"
    assert browser.get(f"/c/{key}").status_code == 404


def test_a_correction_waits_for_review_and_is_accepted_in_other_words(
    browser: TestClient, bank: Expert
) -> None:
    turn = re.findall(r'data-turn="([^"]+)"', ask(browser)["html"])[0]
    better = "A cheque book costs 50 rupees for every customer."
    said = {"turn": turn, "verdict": "down", "correction": better, "source": "1"}
    assert browser.post("/feedback", data=said).status_code == 200
    page = until(browser, "/training/review", better)
    key = re.findall(r'hx-post="/training/review/([^"]+)"', page)[0]
    edited = {"what": "edit", "question": QUESTION, "answer": "It costs 50 rupees."}
    assert "Nothing waits" in browser.post(f"/training/review/{key}", data=edited).text
    accepted = [one.answer for one in bank.examples() if one.state == "accepted"]
    assert accepted == ["It costs 50 rupees."]


def test_a_file_is_sent_read_found_and_removed(browser: TestClient) -> None:
    sent = browser.post(
        "/documents/upload",
        files={"file": ("../../lockers.md", b"# Lockers\n\nA locker costs 9.\n")},
    )
    assert sent.json() == {"document": "documents/lockers.md"}
    script = {"accept": "*/*"}
    other = {"file": ("lockers.md", b"other")}
    again = browser.post("/documents/upload", files=other, headers=script)
    assert (again.status_code, again.json()["error"]["code"]) == (409, "exists")
    bad = browser.post("/documents/upload", files={"file": ("bad.pdf", b"%PDF-1.4 nothing")})
    names = ["documents/lockers.md", bad.json()["document"]]
    browser.post("/documents/index", data={"document": names})
    page = until(browser, "/documents", "The documents are in")
    assert "1 new" in page
    assert "bad.pdf is damaged" in page
    last = events(browser.get("/documents/events").text)
    assert [name for name, _ in last] == ["now", "end"]
    assert "A locker costs 9." in browser.get("/documents/found", params={"words": "locker"}).text
    gone = browser.post("/documents/remove", data={"name": "documents/lockers.md"})
    assert gone.status_code == 200
    assert "lockers.md" not in browser.get("/documents/found").text


@pytest.mark.parametrize("name", ["", "..", "/", ".hidden", "a:b.txt", "x" * 300 + ".txt"])
def test_a_name_that_is_none_is_refused(browser: TestClient, name: str) -> None:
    sent = browser.post("/documents/upload", files={"file": (name or " ", b"text")})
    assert sent.status_code == 400


def test_pairs_are_taken_from_documents_and_listed(browser: TestClient, bank: Expert) -> None:
    (bank.folder / "documents" / "faq.md").write_text(
        "# FAQ\n\nQ: What does a locker cost?\n\nA: A locker costs 9 rupees a day.\n"
    )
    bank.add(bank.folder / "documents")
    browser.post("/training/examples/build")
    page = until(browser, "/training/examples", "A locker costs 9 rupees a day.")
    assert "taken from documents" in page


def test_a_training_that_cannot_run_says_why(browser: TestClient) -> None:
    planned = browser.get("/training/plan", params={"method": "lora"})
    assert planned.status_code == 200
    assert "its configuration is not on this machine" in planned.text
    browser.post("/training/start", data={"method": "lora"})
    page = until(browser, "/training", "The training failed")
    assert 'role="alert"' in page


def test_a_comparison_runs_and_its_report_cannot_run_anything(
    browser: TestClient, bank: Expert
) -> None:
    asked = {"q1": QUESTION, "q2": "When do branches open?", "q3": "What are the hours?"}
    lines = [json.dumps({"id": key, "question": one, "answer": "9"}) for key, one in asked.items()]
    (bank.folder / "questions.jsonl").write_text("\n".join(lines))
    browser.post("/compare/start", data={"route": ["extract"], "limit": "3"})
    page = until(browser, "/compare", "The comparison is finished")
    link = re.findall(r'<iframe class="report" src="([^"]+)"', page)[0]
    report = browser.get(link)
    assert report.status_code == 200
    assert report.headers["content-security-policy"].endswith("; sandbox")
    known = browser.get("/compare/estimate", params={"route": "extract", "limit": "1"}).text
    assert "By earlier comparisons" in known


def test_language_and_colours_are_chosen_and_lead_back_to_a_page_of_ours(
    browser: TestClient,
) -> None:
    page = browser.post("/look", data={"language": "id", "theme": "dark", "back": "/documents"})
    assert 'lang="id" data-theme="dark"' in page.text
    assert "Dokumen" in page.text
    for elsewhere in ("//evil.example", "https://evil.example", "/\\evil.example", "/\t/evil"):
        led = browser.post("/look", data={"back": elsewhere}, follow_redirects=False)
        assert led.headers["location"] == "/"
    assert [preferred(one) for one in ("", "de, id;q=0.8, en;q=0.5", "id;q=x, en", "id-ID")] == [
        "en",
        "id",
        "en",
        "id",
    ]


@pytest.fixture
def users(labelled: Expert) -> Iterator[dict[Role, TestClient]]:
    """A reader and an editor without labels, and an admin, each logged in with a browser."""
    database = Database.beside(labelled.folder)
    app = create_app(labelled, required=True)
    found: dict[Role, TestClient] = {}
    with TestClient(app, base_url="http://localhost"):
        for role in ("reader", "editor", "admin"):
            Users(database).add(role, role, (), PASSWORD)
            client = TestClient(app, base_url="http://localhost", headers=BROWSER)
            page = client.post("/login", data={"name": role, "password": PASSWORD})
            client.headers["x-csrf-token"] = re.findall(r'name="csrf" content="(\w+)"', page.text)[
                0
            ]
            found[role] = client
        yield found
    database.close()


def test_roles_and_labels_hold_on_every_page(users: dict[Role, TestClient]) -> None:
    secret = {"document": "documents/board/salaries.md", "name": "documents/board/salaries.md"}
    for path in ("/source", "/document"):
        assert users["editor"].get(path, params=secret).status_code == 404
        assert "900 rupees" in users["admin"].get(path, params={**secret, "end": 100}).text
    for path in ("/documents", "/documents/found"):
        seen = users["editor"].get(path, params={"words": "salaries cheque"}).text
        assert "board/" not in seen
        assert "900 rupees" not in seen
    for path in ("/training", "/training/review", "/training/examples", "/compare"):
        assert users["reader"].get(path).status_code == 403
    assert users["editor"].get("/compare").status_code == 403
    assert users["admin"].get("/compare").status_code == 200
    editor, reader = users["editor"], users["reader"]
    removed = editor.post("/documents/remove", data=secret)
    assert removed.status_code == 404
    file = {"file": ("x.md", b"text")}
    assert reader.post("/documents/upload", files=file).status_code == 403
    assert editor.post("/documents/upload", files=file).status_code == 201


def test_a_form_from_elsewhere_changes_nothing(users: dict[Role, TestClient]) -> None:
    editor = users["editor"]
    del editor.headers["x-csrf-token"]
    refused = editor.post("/documents/upload", files={"file": ("x.md", b"text")})
    assert refused.status_code == 403
    key = {"name": "documents/fees.md"}
    assert editor.post("/documents/remove", data=key).status_code == 403


def test_an_index_that_does_not_fit_is_built_anew_from_the_page(
    browser: TestClient, bank: Expert
) -> None:
    (manifest,) = (bank.folder / ".pakar").rglob("manifest.json")
    kept = json.loads(manifest.read_text())
    manifest.write_text(json.dumps({**kept, "splitter_version": 0}))
    page = browser.get("/")
    assert page.status_code == 503
    assert 'hx-post="/documents/rebuild"' in page.text
    browser.post("/documents/rebuild")
    until(browser, "/documents", "The documents are in")
    assert 'class="cite"' in ask(browser)["html"]


def test_the_index_goes_back_to_what_it_was(browser: TestClient, bank: Expert) -> None:
    (bank.folder / "documents" / "lockers.md").write_text("A locker costs 9 rupees a day.\n")
    bank.add(bank.folder / "documents")
    page = browser.get("/documents/history").text
    assert "2: 1 new, 0 changed, 0 removed" in page
    older = re.findall(r'name="version" value="(\d+)"', page)[-1]
    assert browser.post("/documents/rollback", data={"version": older}).status_code == 200
    assert "lockers.md" not in browser.get("/documents/found").text
