"""axe-core finds no serious fault on any page, in light and dark, on a desk and on a phone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pptx import Presentation

from pakar import Expert
from pakar.server.storage.database import Database
from pakar.server.storage.users import Users
from pakar.types import Scope

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(1800)]
_PATIENCE_MS = 120_000
_GRAVE = ("serious", "critical")
LOOKS = [("light", 1280), ("dark", 1280), ("light", 360)]
FEE = "What does a cheque book cost?"
AVERAGE = "What is the average number of employees?"


@pytest.fixture
def furnished(bank: Expert) -> Expert:
    """An expert with something on each page: documents of each kind, examples, a comparison."""
    folder = bank.folder / "documents"
    (folder / "branches.csv").write_text(
        "Branch,City,Employees\nCentral,Jakarta,64\nKemang,Jakarta,31\nDago,Bandung,42\n"
    )
    (folder / "faq.md").write_text(
        "# FAQ\n\nQ: What does a locker cost?\n\nA: A locker costs 9 rupees a day.\n"
    )
    slides = Presentation()
    slide = slides.slides.add_slide(slides.slide_layouts[1])
    slide.shapes.title.text = "Deposits"
    slide.placeholders[1].text_frame.text = "A deposit is five rupees"
    slides.save(str(folder / "deposits.pptx"))
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "rina@x.example", "bank@x.example", "Key"
    mail.set_content("Where do I get a key?\n")
    mail.add_attachment(b"Item,Fee\nKey,9\n", maintype="text", subtype="csv", filename="keys.csv")
    (folder / "key.eml").write_bytes(bytes(mail))
    assert not bank.add(folder).failed
    bank.build_examples()
    asked = [{"id": str(n), "question": FEE, "answer": "50"} for n in range(3)]
    (bank.folder / "questions.jsonl").write_text("\n".join(map(json.dumps, asked)))
    bank.compare(routes=["extract"], scope=Scope(limit=3, memory=False))
    return bank


@pytest.fixture
def page(chromium: str) -> Iterator[Page]:
    pytest.importorskip("axe_playwright_python", reason="axe-playwright-python is not installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        opened = browser.new_page(viewport={"width": 1280, "height": 800})
        opened.set_default_timeout(_PATIENCE_MS)
        yield opened
        browser.close()


def test_no_page_has_a_serious_fault(
    page: Page, furnished: Expert, start: Callable[..., str]
) -> None:
    url = start(furnished)
    faults: dict[str, list[str]] = {}

    def look(name: str) -> None:
        faults.update(_faults(page, name))

    page.goto(url)
    look("first page")
    page.select_option("select[name=route]", "extract")
    for question in (FEE, AVERAGE):
        page.fill("#question", question)
        page.keyboard.press("Enter")
        page.wait_for_selector(f"article:has-text('{question}') .cite >> nth=0")
    page.click("text=Correct this answer >> nth=0")
    page.click("text=Route and timings >> nth=0")
    look("answers")
    page.click(".computed .cell >> nth=0")
    page.wait_for_selector("#source td.used")
    look("a sheet beside its answer")
    page.goto(f"{page.url}")
    page.click("details.menu summary >> nth=0")
    look("a kept conversation, the settings open")
    for name, words in (
        ("documents/fees.md", "A cheque book costs 50 rupees."),
        ("documents/deposits.pptx", "A deposit is five rupees"),
        ("documents/key.eml", "Where do I get a key?"),
    ):
        start_at = furnished.document(name).text.index(words)
        page.goto(f"{url}/source?document={name}&start={start_at}&end={start_at + len(words)}")
        look(name)
    page.goto(f"{url}/document?name=documents/fees.md")
    look("a whole document")
    page.goto(f"{url}/documents")
    page.fill("#words", "cheque book")
    page.wait_for_selector("#found .hit")
    page.click("text=History")
    page.wait_for_selector("#history table")
    look("documents and history")
    for path in ("/training", "/training/examples", "/training/review", "/compare", "/none"):
        page.goto(f"{url}{path}", wait_until="networkidle")
        look(path)
    assert faults == {}


def test_the_login_has_none_either(
    page: Page, bank: Expert, start: Callable[..., str], tmp_path: Path
) -> None:
    database = Database.beside(bank.folder)
    Users(database).add("rina", "reader", (), "correct horse battery")
    database.close()
    page.goto(start(bank, required=True))
    page.fill("#name", "rina")
    page.fill("#password", "not this one at all")
    page.keyboard.press("Enter")
    page.wait_for_selector("[role=alert]")
    assert _faults(page, "login") == {}


def _faults(page: Page, name: str) -> dict[str, list[str]]:
    """What axe calls serious or critical, by page and look, with the place of each."""
    from axe_playwright_python.sync_playwright import Axe

    found: dict[str, list[str]] = {}
    for theme, width in LOOKS:
        page.set_viewport_size({"width": width, "height": 800})
        page.evaluate("theme => document.documentElement.dataset.theme = theme", theme)
        # The report's frame is a page of its own, in which no script may run.
        violations = Axe().run(page, options={"iframes": False}).response["violations"]
        grave = [
            f"{one['id']}: {node['html'][:120]} {node['any'][:1]}"
            for one in violations
            if one["impact"] in _GRAVE
            for node in one["nodes"][:3]
        ]
        if grave:
            found[f"{name}, {theme}, {width}"] = grave
    page.set_viewport_size({"width": 1280, "height": 800})
    return found
