"""What a user relies on when PDFs are read: order, headings, lists, tables, clean pages."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reportlab.lib import colors, pdfencrypt
from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import SimpleDocTemplate, TableStyle
from reportlab.platypus import Table as DrawnTable

from pakar.documents.furniture import EdgeLine, repeated
from pakar.documents.pdf import PdfReader
from pakar.documents.pdf_arabic import ligatures_in_order
from pakar.documents.pdf_glyph import Face, Glyph
from pakar.errors import SourceError
from pakar.ports import Extracted

Draw = Callable[[Canvas], None]
_LOREM = "The bank keeps every account of the firm under the rules of the land and of the house"


def pdf(path: Path, *pages: Draw, encrypt: pdfencrypt.StandardEncryption | None = None) -> Path:
    canvas = Canvas(str(path), pagesize=A4, encrypt=encrypt)
    for draw in pages:
        draw(canvas)
        canvas.showPage()
    canvas.save()
    return path


def lines(*texts: str, x: float = 72, y: float = 740, size: float = 10, bold: bool = False) -> Draw:
    def draw(canvas: Canvas) -> None:
        canvas.setFont("Helvetica-Bold" if bold else "Helvetica", size)
        for number, text in enumerate(texts):
            canvas.drawString(x, y - 1.2 * size * number, text)

    return draw


def together(*draws: Draw) -> Draw:
    def draw(canvas: Canvas) -> None:
        for one in draws:
            one(canvas)

    return draw


def read(path: Path) -> Extracted:
    return PdfReader().read(path)


def marked(extracted: Extracted, kind: str) -> list[str]:
    return [extracted.text[m.start : m.end] for m in extracted.marks if m.kind == kind]


def test_headings_are_told_by_size_and_weight(tmp_path: Path) -> None:
    body = [f"{_LOREM} number {n}." for n in range(6)]
    path = pdf(
        tmp_path / "a.pdf",
        together(
            lines("Annual report", y=780, size=20, bold=True),
            lines("Money", y=750, size=13, bold=True),
            lines(*body, y=730),
            lines("Details", y=640, size=10, bold=True),
            lines(*body, y=620),
        ),
    )
    extracted = read(path)
    levels = [(m.value, m.level) for m in extracted.marks if m.kind == "heading"]
    assert levels == [("Annual report", 1), ("Money", 2), ("Details", 3)]
    assert extracted.title == "Annual report"


def test_lines_of_a_paragraph_are_joined_and_parted_words_mended(tmp_path: Path) -> None:
    path = pdf(
        tmp_path / "a.pdf",
        lines(
            "The firm gives seamless banking ser-",
            "vices and long-term loans to all who",
            "ask, and every kind of long-",
            "term plan that they may need in",
            "the next years of their working life.",
        ),
    )
    assert read(path).text == (
        "The firm gives seamless banking services and long-term loans to all who ask, and every "
        "kind of long-term plan that they may need in the next years of their working life."
    )


def test_two_columns_are_read_one_after_the_other(tmp_path: Path) -> None:
    left = [f"left {n} runs over the width of its column" for n in range(30)]
    right = [f"right {n} runs over the width of its column" for n in range(30)]

    def draw(canvas: Canvas) -> None:
        lines("A title over both of the columns of this page", y=800, size=16)(canvas)
        # Drawn line by line across the page, as some programs do.
        for n in range(30):
            lines(left[n], x=60, y=760 - 12 * n)(canvas)
            lines(right[n], x=310, y=760 - 12 * n)(canvas)

    text = read(pdf(tmp_path / "a.pdf", draw)).text
    assert text.startswith("A title over both")
    places = [text.index(f"left {n} ") for n in range(30)]
    places += [text.index(f"right {n} ") for n in range(30)]
    assert places == sorted(places)


def test_list_items_stay_apart(tmp_path: Path) -> None:
    path = pdf(
        tmp_path / "a.pdf",
        lines("Bring these papers:", "• a passport", "• two photographs", "1. Sign.", "2. Pay."),
    )
    assert "- a passport\n- two photographs\n1. Sign.\n2. Pay." in read(path).text


def drawn_table(path: Path, rows: list[list[str]], *style: tuple[object, ...]) -> Path:
    table = DrawnTable(rows)
    table.setStyle(TableStyle(list(style)))
    SimpleDocTemplate(str(path), pagesize=A4).build([table])
    return path


_GRID = ("GRID", (0, 0), (-1, -1), 0.5, colors.black)
_BOLD_HEAD = ("FONTNAME", (0, 0), (-1, 0), "Helvetica-Bold")


def test_each_row_of_a_boxed_table_carries_its_headers(tmp_path: Path) -> None:
    rows = [["Branch", "Code", "Phone"], ["Delhi", "ZX1", "011-1"], ["Agra", "ZX2", "011-2"]]
    extracted = read(drawn_table(tmp_path / "a.pdf", rows, _GRID))
    assert marked(extracted, "row") == [
        "Branch: Delhi | Code: ZX1 | Phone: 011-1",
        "Branch: Agra | Code: ZX2 | Phone: 011-2",
    ]


def test_a_table_with_level_lines_only_is_a_table_too(tmp_path: Path) -> None:
    rows = [["Branch", "Code", "Phone"], ["Delhi", "ZX1", "011-1"], ["Agra", "ZX2", "011-2"]]
    style = [("LINEABOVE", (0, n), (-1, n), 1, colors.black) for n in (0, 1)]
    style.append(("LINEBELOW", (0, -1), (-1, -1), 1, colors.black))
    extracted = read(drawn_table(tmp_path / "a.pdf", rows, *style))
    assert marked(extracted, "row") == [
        "Branch: Delhi | Code: ZX1 | Phone: 011-1",
        "Branch: Agra | Code: ZX2 | Phone: 011-2",
    ]


def test_a_table_that_goes_on_keeps_its_header(tmp_path: Path) -> None:
    rows = [["Branch", "Code", "City"]]
    rows += [[f"Branch of {n}", f"ZX{n}", f"Town {n}"] for n in range(90)]
    extracted = read(drawn_table(tmp_path / "a.pdf", rows, _GRID, _BOLD_HEAD))
    found = marked(extracted, "row")
    assert len([m for m in extracted.marks if m.kind == "page"]) > 1
    assert found == [f"Branch: Branch of {n} | Code: ZX{n} | City: Town {n}" for n in range(90)]


def test_a_cell_over_several_rows_is_said_in_each(tmp_path: Path) -> None:
    rows = [["City", "Branch", "Code"], ["Delhi", "North", "ZX1"], ["", "South", "ZX2"]]
    span = ("SPAN", (0, 1), (0, 2))
    extracted = read(drawn_table(tmp_path / "a.pdf", rows, _GRID, _BOLD_HEAD, span))
    assert marked(extracted, "row")[1] == "City: Delhi | Branch: South | Code: ZX2"


def test_headers_footers_and_page_numbers_are_left_out(tmp_path: Path) -> None:
    def page(number: int) -> Draw:
        body = [f"Sentence {number}-{n} says something of its own." for n in range(12)]
        return together(
            lines("ZX Bank handbook", y=810, size=8),
            lines(*body),
            lines(f"Page {number} of 4", y=30, size=8),
        )

    extracted = read(pdf(tmp_path / "a.pdf", *(page(n) for n in (1, 2, 3, 4))))
    assert "handbook" not in extracted.text
    assert "Page" not in extracted.text
    assert all(f"Sentence {n}-{m} " in extracted.text for n in (1, 2, 3, 4) for m in range(12))
    pages = [m for m in extracted.marks if m.kind == "page"]
    assert [page.value for page in pages] == ["1", "2", "3", "4"]
    assert all(
        f"Sentence {page.value}-0" in extracted.text[page.start : page.end] for page in pages
    )


def test_numbered_text_is_no_page_number(tmp_path: Path) -> None:
    pages = [lines(f"Question {n}", *[f"{n} {_LOREM}"] * 6) for n in (1, 2, 3, 4)]
    text = read(pdf(tmp_path / "a.pdf", *pages)).text
    assert all(f"Question {n}" in text for n in (1, 2, 3, 4))


def test_copies_of_a_page_are_not_taken_for_headers(tmp_path: Path) -> None:
    memo = lines("To all of the staff:", "The office is closed on Monday.", "Mallori")
    assert "closed on Monday" in read(pdf(tmp_path / "a.pdf", memo, memo)).text


@pytest.mark.parametrize("angle", [0, 90, 180, 270])
def test_pages_may_be_turned(tmp_path: Path, angle: int) -> None:
    body = [f"{n} {_LOREM}" for n in range(10)]

    def draw(canvas: Canvas) -> None:
        canvas.setPageRotation(angle)  # reportlab turns the sheet of paper with it
        lines(*body, y=500)(canvas)

    text = read(pdf(tmp_path / "a.pdf", draw)).text
    assert " ".join(text.split()) == " ".join(body)


@pytest.mark.parametrize("angle", [90, 180, 270])
def test_text_may_be_drawn_sideways(tmp_path: Path, angle: int) -> None:
    body = [f"{n} {_LOREM}" for n in range(10)]

    def draw(canvas: Canvas) -> None:
        canvas.translate(300, 420)
        canvas.rotate(angle)
        lines(*body, x=-200, y=100)(canvas)

    assert " ".join(read(pdf(tmp_path / "a.pdf", draw)).text.split()) == " ".join(body)


def test_an_empty_user_password_opens_and_another_does_not(tmp_path: Path) -> None:
    text = lines("A secret that is none.")
    owned = pdfencrypt.StandardEncryption("", ownerPassword="owner")
    assert "secret" in read(pdf(tmp_path / "a.pdf", text, encrypt=owned)).text
    closed = pdfencrypt.StandardEncryption("user", ownerPassword="owner")
    with pytest.raises(SourceError, match="password"):
        read(pdf(tmp_path / "b.pdf", text, encrypt=closed))


def picture(canvas: Canvas) -> None:
    from PIL import Image

    buffer = io.BytesIO()
    Image.new("RGB", (40, 40), "red").save(buffer, "PNG")
    buffer.seek(0)
    canvas.drawImage(ImageReader(buffer), 100, 400, 300, 300)


def test_a_scan_says_that_it_is_one(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no text that can be read") as caught:
        read(pdf(tmp_path / "a.pdf", picture))
    assert "300 dots" in caught.value.hint


def test_a_page_that_is_only_a_picture_is_named(tmp_path: Path) -> None:
    extracted = read(pdf(tmp_path / "a.pdf", lines("Some text."), picture))
    assert extracted.warnings == ("only pictures, nothing read, on page(s) 2",)


def test_a_pdf_without_anything_and_a_broken_one_are_refused(tmp_path: Path) -> None:
    blank = pdf(tmp_path / "a.pdf", lambda canvas: None)
    with pytest.raises(SourceError, match="no text"):
        read(blank)
    whole = pdf(tmp_path / "b.pdf", lines("Some text.")).read_bytes()
    broken = tmp_path / "c.pdf"
    broken.write_bytes(whole[:60])
    with pytest.raises(SourceError, match="damaged"):
        read(broken)


def test_too_much_text_is_refused(tmp_path: Path) -> None:
    path = pdf(tmp_path / "a.pdf", lines(*[_LOREM] * 30))
    with pytest.raises(SourceError, match="more than 1,000 characters"):
        PdfReader(max_characters=1_000).read(path)


@given(
    st.lists(
        st.lists(st.sampled_from(["a", "b 1", "b 2", "Page 1", "2", "3"]), max_size=6), max_size=6
    )
)
def test_text_of_one_page_only_is_never_taken_for_a_header(pages: list[list[str]]) -> None:
    edges = [[EdgeLine(text, 10.0 * n) for n, text in enumerate(page)] for page in pages]
    for number, count in enumerate(repeated(edges)):
        for text in pages[number][:count]:
            bare = "".join(char for char in text if not char.isdigit()).strip()
            others = [line for other in pages[:number] + pages[number + 1 :] for line in other]
            assert any(
                bare == "".join(char for char in line if not char.isdigit()).strip()
                for line in others
            )


def test_letters_of_arabic_ligatures_are_put_in_order() -> None:
    """What pdfium gives for one glyph of lam and alef, and for two glyphs alef and lam."""
    face = Face(10.0, False, 0)
    turned = [
        Glyph("\u0627", face, box=(50, 0, 57, 10)),
        Glyph("\u0644", face, box=(50, 0, 57.2, 10)),
    ]
    apart = [
        Glyph("\u0627", face, box=(50, 0, 53, 10)),
        Glyph("\u0644", face, box=(46, 0, 50, 10)),
    ]
    assert [one.text for one in ligatures_in_order(turned)] == ["\u0644", "\u0627"]
    assert ligatures_in_order(apart) == apart
