"""Computed figures: shown with their query and cells, and only from tables that one may read."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator

import httpx
import pytest
from starlette.testclient import TestClient

from pakar import Expert
from pakar.server.access.labels import Labels
from pakar.server.app import create_app
from pakar.server.storage.database import Database
from pakar.server.storage.keys import Keys
from pakar.server.storage.users import Users

BRANCHES = "Branch,City,Employees\nCentral,Jakarta,64\nKemang,Jakarta,31\nDago,Bandung,42\n"
WAGES = "Employee,Wage\nRina,7100\nBudi,9200\n"
AVERAGE = "What is the average number of employees?"
TOP_WAGE = "What is the highest wage?"


@pytest.fixture
def counted(labelled: Expert) -> Expert:
    """The labelled expert, with a table for all and one for the board."""
    (labelled.folder / "documents" / "branches.csv").write_text(BRANCHES)
    (labelled.folder / "documents" / "board" / "wages.csv").write_text(WAGES)
    labelled.add(labelled.folder / "documents")
    return labelled


@pytest.fixture
def browser(counted: Expert) -> Iterator[TestClient]:
    with TestClient(create_app(counted), base_url="http://localhost") as client:
        yield client


def test_the_api_gives_query_and_cells(browser: TestClient) -> None:
    given = browser.post("/api/ask", json={"question": AVERAGE, "route": "extract"}).json()
    done = given["computation"]
    assert done["query"] == 'SELECT avg("Employees") AS value FROM "branches"'
    assert done["cells"] == ["C2", "C3", "C4"]
    assert (done["used"], done["document"]) == (3, "documents/branches.csv")
    assert done["rows"][0][0] == pytest.approx(45.667, abs=0.001)
    kept = browser.get(f"/api/conversations/{given['conversation']}").json()
    assert kept["turns"][0]["details"]["computation"]["query"] == done["query"]
    plain = browser.post("/api/ask", json={"question": "When do branches open?"}).json()
    assert plain["computation"] is None


@pytest.mark.parametrize("streams", [False, True])
def test_openai_clients_get_it_beside_the_citations(browser: TestClient, streams: bool) -> None:
    body = {
        "model": "bank/extract",
        "messages": [{"role": "user", "content": AVERAGE}],
        "stream": streams,
    }
    sent = browser.post("/v1/chat/completions", json=body)
    if streams:
        lines = [line.removeprefix("data: ") for line in sent.text.splitlines() if line]
        message = json.loads(lines[-2])["choices"][0]["delta"]
    else:
        message = sent.json()["choices"][0]["message"]
    assert message["computation"]["cells"] == ["C2", "C3", "C4"]
    assert len(message["citations"]) == 3


def test_the_page_shows_that_it_was_computed_and_leads_from_a_cell_to_its_row(
    browser: TestClient,
) -> None:
    sent = browser.post("/ask/stream", data={"question": AVERAGE, "route": "extract"})
    html = json.loads(sent.text.strip().split("\n\n")[-1].split("data: ", 1)[1])["html"]
    assert "Computed, not guessed" in html
    assert "SELECT avg(&#34;Employees&#34;)" in html
    link = re.findall(r'class="cell" href="([^"]+)"[^>]*>C3<', html)[0]
    assert "Kemang" in browser.get(link).text


def test_a_question_for_json_is_not_answered_by_a_computed_sentence(
    browser: TestClient, counted: Expert
) -> None:
    wanted = {"name": "x", "schema": {"type": "object"}}
    body = {
        "model": "bank/rag",
        "messages": [{"role": "user", "content": AVERAGE}],
        "response_format": {"type": "json_schema", "json_schema": wanted},
    }
    sent = browser.post("/v1/chat/completions", json=body)
    assert "45.6" not in sent.text


def test_no_figure_comes_from_a_table_that_one_may_not_read(
    counted: Expert, start: Callable[..., str]
) -> None:
    url = start(counted, required=True)
    database = Database.beside(counted.folder)
    seen = {}
    for name, labels in (("rina", ()), ("budi", ("board",))):
        Users(database).add(name, "reader", labels)
        key = Keys(database).create(name)[1]
        client = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=60)
        asked = {"question": TOP_WAGE, "route": "extract"}
        chat = {"model": "bank/extract", "messages": [{"role": "user", "content": TOP_WAGE}]}
        texts = [
            client.post("/api/ask", json=asked).text,
            client.post("/api/ask", json={**asked, "route": "rag"}).text,
            client.post("/api/ask", json={**asked, "route": "auto"}).text,
            client.post("/v1/chat/completions", json=chat).text,
        ]
        seen[name] = [bool(re.search("9,?200|wages|Wage", text)) for text in texts]
        client.close()
    assert seen == {"rina": [False] * 4, "budi": [True] * 4}
    # What was computed is withheld as soon as its table is.
    talk = Database.beside(counted.folder)
    Users(database).change("budi", labels=[])
    key = Keys(database).create("budi")[1]
    client = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=60)
    for one in client.get("/api/conversations").json()["conversations"]:
        assert "9,200" not in client.get(f"/api/conversations/{one['id']}").text
    client.close()
    talk.close()
    database.close()


def test_parts_and_attachments_have_the_labels_of_what_they_came_out_of() -> None:
    labels = Labels({"*.xlsx": ["board"], "documents/mail/pay.eml": ["hr"], "*.mbox": ["post"]})
    assert labels.of("documents/wages.xlsx#part3") == {"board"}
    assert labels.of("documents/mail/pay.eml/list.csv#part1") == {"hr"}
    assert labels.of("documents/all.mbox/mail 1/x.eml/a.pdf") == {"post"}
    assert labels.of("documents/mail/pay.eml.txt") == frozenset()
