"""Sources open as what they are: rows of a sheet, a slide, a mail, a section; and as text only."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.message import EmailMessage
from html import unescape
from pathlib import Path

import pytest
import xlsxwriter
from docx import Document as WordDocument
from pptx import Presentation
from starlette.testclient import TestClient

from pakar import Expert
from pakar.server.access.visitor import Visitor
from pakar.server.app import create_app

EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>"
QUESTION = "What does a locker cost?"


def _write(folder: Path) -> None:
    book = xlsxwriter.Workbook(str(folder / "prices.xlsx"))
    sheet = book.add_worksheet("Prices")
    rows: list[list[object]] = [["Item", "Price", "", "Price"]]
    rows += [[f"Item {n}", n, "", 100 + n] for n in range(2, 32)]
    rows[9] = [EVIL, None, "", 2]
    for at, row in enumerate(rows):
        for column, value in enumerate(row):
            if value not in (None, ""):
                sheet.write(at, column, value)
    book.close()
    slides = Presentation()
    slide = slides.slides.add_slide(slides.slide_layouts[1])
    slide.shapes.title.text = f"Lockers {EVIL}"
    frame = slide.placeholders[1].text_frame
    frame.text = "Small: 9 rupees a day"
    frame.add_paragraph().text = "Paid in advance"
    slides.save(str(folder / "lockers.pptx"))
    mail = EmailMessage()
    mail["From"], mail["To"] = "Rina <rina@x.example>", "bank@x.example"
    mail["Subject"], mail["Date"] = f"Locker {EVIL}", "Fri, 3 May 2024 10:22:00 +0700"
    mail.set_content(f"Hello,\n\n{QUESTION} {EVIL}\n\nRina\n")
    mail.add_attachment(b"Item,Fee\nKey,9\n", maintype="text", subtype="csv", filename="fees.csv")
    (folder / "locker.eml").write_bytes(bytes(mail))
    word = WordDocument()
    word.add_heading("Rules", 1)
    word.add_paragraph("Not of this section.")
    word.add_heading("Deposits", 2)
    word.add_paragraph(f"A deposit is 5 rupees. {EVIL}")
    word.add_heading("Keys", 2)
    word.add_paragraph("A key is 7 rupees.")
    word.save(str(folder / "rules.docx"))


@pytest.fixture
def shelf(bank: Expert) -> Expert:
    _write(bank.folder / "documents")
    settings = bank.folder / "pakar.toml"
    settings.write_text(settings.read_text() + '"fees.csv" = ["board"]\n"*.xlsx" = ["board"]\n')
    opened = Expert.open(bank.folder)
    report = opened.add(bank.folder / "documents")
    assert not report.failed
    return opened


@pytest.fixture
def browser(shelf: Expert) -> Iterator[TestClient]:
    with TestClient(create_app(shelf), base_url="http://localhost") as client:
        yield client


def test_each_kind_of_source_opens_as_what_it_is(
    browser: TestClient, shelf: Expert, monkeypatch: pytest.MonkeyPatch
) -> None:
    def opened(name: str, words: str) -> str:
        text = shelf.document(f"documents/{name}").text
        start = text.index(words)
        place = {"document": f"documents/{name}", "start": start, "end": start + len(words)}
        given = browser.get("/source", params=place, headers={"hx-request": "true"})
        assert given.status_code == 200
        assert "<script>alert" not in given.text
        assert "<img" not in given.text
        return given.text

    # A sheet: letters (C is empty), names, the cited row with its number, six rows
    # around it, empty cells.
    shown = opened("prices.xlsx", f"Item: {EVIL} | Price: 2")
    assert re.findall(r'<th scope="col">(.*?)</th>', shown) == [
        "A", "B", "D", "Item", "Price", "Price (2)"
    ]  # fmt: skip
    rows = re.findall(r'<th scope="row">(\d+)', shown)
    assert rows == [str(number) for number in range(4, 17)]
    (cited,) = re.findall(r'<tr class="cited">(.*?)</tr>', shown, re.DOTALL)
    assert [unescape(cell) for cell in re.findall("<td>(.*?)</td>", cited)] == [EVIL, "", "2"]
    # A slide: its number, its title, its points.
    shown = opened("lockers.pptx", "Paid in advance")
    assert 'class="slide" aria-label="Slide 1"' in shown
    assert "<li><mark>Paid in advance</mark></li>" in shown
    assert re.search("<h3[^>]*>Lockers &lt;script", shown)
    # A mail: headers, text, what came with it.
    shown = opened("locker.eml", QUESTION)
    assert "<dt>From</dt><dd>Rina &lt;rina@x.example&gt;</dd>" in shown
    assert f"<p><mark>{QUESTION}</mark>" in shown
    assert 'href="/document?name=documents%2Flocker.eml%2Ffees.csv">fees.csv</a>' in shown
    assert "<mark>bank@x.example</mark>" in opened("locker.eml", "bank@x.example")
    # A section with its path, and no other.
    shown = opened("rules.docx", "A deposit is 5 rupees.")
    assert "Rules › Deposits" in shown
    assert "<p><mark>A deposit is 5 rupees.</mark>" in shown
    assert "Not of this section" not in shown
    assert "A key is 7" not in shown
    # Who may not read the attachment or the sheet is shown neither.
    reader = Visitor(1, "rina", "reader")
    monkeypatch.setattr("pakar.server.service.visitor_of", lambda request: reader)
    assert "fees.csv</a>" not in opened("locker.eml", QUESTION)
    hidden = browser.get("/source", params={"document": "documents/prices.xlsx", "end": 9})
    assert hidden.status_code == 404


def test_the_cells_that_were_computed_are_marked(browser: TestClient, shelf: Expert) -> None:
    (shelf.folder / "documents" / "branches.csv").write_text(
        "Branch,,Employees\nCentral,,64\nKemang,,31\n"
    )
    shelf.add(shelf.folder / "documents")
    asked = {"question": "What is the average number of employees?", "route": "extract"}
    sent = browser.post("/ask/stream", data=asked).text
    link = re.findall(r'class=\\"cite\\" href=\\"([^"\\]+)', sent)[0]
    shown = browser.get(link).text
    assert re.findall(r'<td class="used">(\d+)</td>', shown) == ["64", "31"]
    assert re.findall(r'class=\\"cell\\"[^>]*>(\w+)<', sent) == ["C2", "C3"]
