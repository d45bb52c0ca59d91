"""A page of a PDF is drawn with the quote marked; a file that cannot be drawn is one error."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import pytest
from reportlab.pdfgen.canvas import Canvas

from pakar.documents.pdf_picture import page_picture
from pakar.errors import SourceError
from pakar.flows.originals import picture
from pakar.types import Document, Mark

QUOTE = "A cheque book costs 50 rupees."


def pdf() -> bytes:
    """Two pages; the second has the quote twice, broken between lines the second time."""
    made = io.BytesIO()
    canvas = Canvas(made, pagesize=(400, 600))
    canvas.drawString(50, 500, "Nothing of interest.")
    canvas.showPage()
    canvas.drawString(50, 500, QUOTE)
    canvas.drawString(50, 300, "A cheque book")
    canvas.drawString(50, 280, "costs 50 rupees.")
    canvas.save()
    return made.getvalue()


def test_the_quote_is_marked_where_it_stands() -> None:
    drawn = page_picture(pdf(), 2, QUOTE)
    assert drawn.png.startswith(b"\x89PNG")
    assert drawn.pages == 2
    assert abs(drawn.width / drawn.height - 400 / 600) < 0.01
    (box,) = drawn.boxes
    scale = drawn.height / 600
    assert abs(box[0] - 50 * scale) < 6
    assert box[1] < (600 - 500) * scale < box[3] + 6


def test_of_equal_words_the_right_ones_are_marked() -> None:
    first, second = page_picture(pdf(), 2, QUOTE, 1).boxes
    assert first[1] < second[1]
    assert first[1] > page_picture(pdf(), 2, QUOTE, 0).boxes[0][3]


def test_words_that_are_not_there_are_not_marked() -> None:
    assert page_picture(pdf(), 1, QUOTE).boxes == ()


@pytest.mark.parametrize(("data", "page"), [(b"%PDF-1.4 no", 1), (b"", 1), (pdf(), 3), (pdf(), 0)])
def test_what_cannot_be_drawn_is_one_error(data: bytes, page: int) -> None:
    with pytest.raises(SourceError, match="cannot be drawn"):
        page_picture(data, page)


def test_a_document_is_drawn_from_its_file_while_that_is_the_same(tmp_path: Path) -> None:
    data = pdf()
    file = tmp_path / "fees.pdf"
    file.write_bytes(data)
    text = f"Nothing of interest.\n\n{QUOTE}\n\n{QUOTE}"
    document = Document(
        "fees.pdf", text, "", "en", hashlib.sha256(data).hexdigest(), "application/pdf",
        (Mark("page", 0, 20, "1"), Mark("page", 22, len(text), "2")),
    )  # fmt: skip
    at = text.rindex(QUOTE)
    assert len(picture(tmp_path, document, 2, (at, at + len(QUOTE))).boxes) == 2
    assert len(picture(tmp_path, document, 2, (22, 22 + len(QUOTE))).boxes) == 1
    file.write_bytes(data + b"\n")
    with pytest.raises(SourceError, match="has changed"):
        picture(tmp_path, document, 2)
