"""The whole story in a real browser: add documents, ask, open the source, correct, review."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pakar import Expert

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
_PATIENCE_MS = 60_000
LOCKERS = "# Lockers\n\nA locker costs 9 rupees a day. <img src=x onerror=document.title='ran'>\n"


@pytest.fixture
def page(chromium: str) -> Iterator[Page]:
    """A page of a browser; what its console complains of fails the test."""
    from playwright.sync_api import sync_playwright

    complaints: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        opened = browser.new_page(viewport={"width": 1280, "height": 800})
        opened.set_default_timeout(_PATIENCE_MS)
        opened.on("console", lambda said: complaints.append(said.text))
        opened.on("pageerror", lambda error: complaints.append(str(error)))
        yield opened
        browser.close()
    assert not complaints


def test_the_whole_story(page: Page, bank: Expert, start: Callable[..., str]) -> None:
    url = start(bank)
    # Documents are dropped, read and found.
    page.goto(f"{url}/documents")
    file = {"name": "lockers.md", "mimeType": "text/markdown", "buffer": LOCKERS.encode()}
    page.set_input_files("#files", [file])
    page.wait_for_selector("text=1 new")
    page.wait_for_selector("#found >> text=lockers.md")
    # A question is asked with the keyboard alone; the answer leads to its place.
    page.goto(url)
    page.select_option("select[name=route]", "extract")
    page.keyboard.press("Tab")
    page.keyboard.press("/")
    page.focus("#question")
    page.keyboard.type("What does a locker cost?")
    page.keyboard.press("Enter")
    page.click(".cite >> nth=0")
    marked = page.text_content("#source mark")
    assert marked is not None
    assert "A locker costs 9 rupees a day." in marked
    page.keyboard.press("Escape")
    assert page.is_hidden("#source")
    assert "/c/" in page.url
    # It is corrected, and the correction reviewed.
    page.click("text=Correct this answer")
    page.fill("textarea[name=correction]", "A locker costs 9 rupees a day, paid in advance.")
    page.click("text=Send the correction")
    page.wait_for_selector("text=The correction was kept")
    _until_waiting(page, url)
    page.keyboard.press("a")
    page.wait_for_selector("text=Nothing waits for review")
    accepted = [one.answer for one in bank.examples() if one.state == "accepted"]
    assert accepted == ["A locker costs 9 rupees a day, paid in advance."]
    assert "ran" not in page.title()


def test_a_phone_shows_everything_without_scrolling_sideways(
    page: Page, bank: Expert, start: Callable[..., str], tmp_path: Path
) -> None:
    url = start(bank)
    page.set_viewport_size({"width": 360, "height": 740})
    for path in ("/", "/documents", "/training", "/training/examples", "/compare"):
        page.goto(f"{url}{path}")
        wide = page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
        assert not wide, path


def _until_waiting(page: Page, url: str) -> None:
    """The correction becomes an example behind the request."""
    for _ in range(100):
        page.goto(f"{url}/training/review")
        if page.query_selector("[data-key=a]"):
            return
        page.wait_for_timeout(100)
    pytest.fail("the correction did not come to the review")
