"""A page of a PDF is drawn with the quote marked; a file that cannot be drawn is one error."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import pytest
from reportlab.pdfgen.canvas import Canvas

from pakar.config import Config, Reading
from pakar.documents.pdf_picture import page_picture
from pakar.documents.workers.messages import Drawing, Drawn
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


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "fees.pdf"
    path.write_bytes(pdf())
    return path


def drawing(file: Path, page: int, quote: str = "", which: int = 0) -> Drawn:
    picture = page_picture(file, Drawing(page=page, quote=quote, which=which), Config())
    assert picture.png.startswith(b"\x89PNG")
    return picture.drawn


def test_the_quote_is_marked_where_it_stands(file: Path) -> None:
    drawn = drawing(file, 2, QUOTE)
    assert drawn.pages == 2
    assert abs(drawn.width / drawn.height - 400 / 600) < 0.01
    (box,) = drawn.boxes
    scale = drawn.height / 600
    assert abs(box[0] - 50 * scale) < 6
    assert box[1] < (600 - 500) * scale < box[3] + 6


def test_of_equal_words_the_right_ones_are_marked(file: Path) -> None:
    first, second = drawing(file, 2, QUOTE, 1).boxes
    assert first[1] < second[1]
    assert first[1] > drawing(file, 2, QUOTE, 0).boxes[0][3]


def test_words_that_are_not_there_are_not_marked(file: Path) -> None:
    assert drawing(file, 1, QUOTE).boxes == ()


@pytest.mark.parametrize(("data", "page"), [(b"%PDF-1.4 no", 1), (b"", 1), (pdf(), 3), (pdf(), 0)])
def test_what_cannot_be_drawn_is_one_error(tmp_path: Path, data: bytes, page: int) -> None:
    file = tmp_path / "fees.pdf"
    file.write_bytes(data)
    with pytest.raises(SourceError, match=f"page {page} cannot be drawn$"):
        drawing(file, page)


def endless() -> bytes:
    """A page of 300 bytes that draws a form which draws a form ... ten times each, 9 deep."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 400 600] /Contents 4 0 R"
        b" /Resources << /XObject << /F 5 0 R >> >> >>",
        b"<< /Length 5 >>\nstream\n/F Do\nendstream",
    ]
    for number in range(5, 14):
        draws = b"/F Do " * 10 if number < 13 else b"0 0 400 600 re f " * 10
        objects.append(
            b"<< /Type /XObject /Subtype /Form /BBox [0 0 400 600] /Resources << /XObject"
            b" << /F %d 0 R >> >> /Length %d >>\nstream\n%s\nendstream"
            % (number + 1, len(draws), draws)
        )
    parts = [b"%d 0 obj\n%s\nendobj\n" % pair for pair in enumerate(objects, 1)]
    return b"%PDF-1.4\n" + b"".join(parts) + b"trailer << /Root 1 0 R /Size 14 >>\n%%EOF"


def test_a_page_that_never_ends_drawing_is_ended(tmp_path: Path) -> None:
    """By the limit that it meets first: its objects pile up, on a fast machine before the time."""
    file = tmp_path / "endless.pdf"
    file.write_bytes(endless())
    config = Config(reading=Reading(seconds=4))
    ended = r"page 1 cannot be drawn: .*(within 4 s|more than 1,400 MB of memory)"
    with pytest.raises(SourceError, match=ended):
        page_picture(file, Drawing(page=1), config)


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
    assert len(picture(tmp_path, Config(), document, 2, (at, at + len(QUOTE))).drawn.boxes) == 2
    assert len(picture(tmp_path, Config(), document, 2, (22, 22 + len(QUOTE))).drawn.boxes) == 1
    file.write_bytes(data + b"\n")
    with pytest.raises(SourceError, match="has changed"):
        picture(tmp_path, Config(), document, 2)
