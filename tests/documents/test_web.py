"""Web pages give their content: no navigation, no scripts, nothing hidden."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pakar.documents.builder import TextBuilder
from pakar.documents.web import HtmlReader, add_html
from pakar.errors import SourceError
from pakar.ports import Extracted


def parse(markup: str) -> Extracted:
    builder = TextBuilder()
    add_html(builder, markup)
    return builder.extracted()


def lines(markup: str) -> list[str]:
    return [line for line in parse(markup).text.split("\n") if line]


def test_content_without_what_surrounds_it() -> None:
    extracted = parse(
        "<html><head><title>Fees - ZX Bank</title><style>p{}</style></head><body>"
        "<header><a>Logo</a></header><nav>Home | Fees</nav>"
        "<h1>Card <em>fees</em></h1><p>A card\n costs <b>5</b> euro.</p>"
        "<script>alert(1)</script><noscript>no</noscript><!-- note -->"
        "<div hidden>x</div><p style='display: none'>y</p><span aria-hidden='true'>z</span>"
        "<aside>Adverts</aside><div role='navigation'>More</div><footer>(c) ZX</footer></body>"
    )
    assert extracted.text == "Card fees\n\nA card costs 5 euro."
    assert extracted.title == "Card fees"


def test_the_main_element_is_the_page_where_there_is_one() -> None:
    assert lines("<p>menu</p><main><h2>Fees</h2>All fees</main><p>legal</p>") == [
        "Fees",
        "All fees",
    ]


def test_a_header_with_the_headline_is_content() -> None:
    assert lines("<header><h1>Fees</h1><p>Since 2024</p><ul><li>Log in</ul></header>") == [
        "Fees",
        "Since 2024",
    ]


def test_a_page_that_is_all_furniture_is_read_after_all() -> None:
    assert lines("<aside><p>Only this</p></aside>") == ["Only this"]


def test_title_element_where_there_is_no_headline() -> None:
    assert parse("<title> Card\n fees </title><p>x</p>").title == "Card fees"


def test_lists() -> None:
    markup = (
        "<ol start=3><li>Three<ul><li>in<b>ner</b></li></ul>after</li>"
        "<li><p>Four</p><p>more</p></li></ol><ol type=a><li>x</li></ol>"
        "<dl><dt>IFSC</dt><dd>A code</dd><dt>PIN</dt><dd>Secret</dd></dl>"
    )
    assert lines(markup) == [
        "3. Three", "- inner", "after", "4. Four", "more", "a. x",
        "- IFSC: A code", "- PIN: Secret",
    ]  # fmt: skip


def test_spanning_cells_stand_in_every_row_and_name_every_column() -> None:
    markup = (
        "<table><thead><tr><th rowspan=2>City</th><th colspan=2>2023</th></tr>"
        "<tr><th>Q1</th><th>Q2</th></tr></thead>"
        "<tr><td rowspan=2>Agra</td><td>1</td><td>2</td></tr><tr><td>3</td><td>4</td></tr>"
        "<tr><td colspan=2>closed</td><td>5</td></tr></table>"
    )
    assert lines(markup) == [
        "City: Agra | 2023 Q1: 1 | 2023 Q2: 2",
        "City: Agra | 2023 Q1: 3 | 2023 Q2: 4",
        "City: closed | 2023 Q2: 5",
    ]


def test_tables_that_only_place_text_are_read_as_blocks() -> None:
    assert lines("<table><tr><td><h2>A</h2>one</td><td>two</td></tr></table>") == [
        "A",
        "one",
        "two",
    ]


def test_breaks_and_code() -> None:
    assert lines("one<br>two<br><br>three<pre>a  b\nc</pre>") == ["one two", "three", "a b", "c"]


@pytest.mark.parametrize(
    "data",
    [
        "<meta charset='windows-1252'><p>Gebühr</p>".encode("cp1252"),
        "<p>Gebühr</p>".encode("utf-16"),
        "<p>Gebühr</p>".encode("utf-8-sig"),
        b"<p>Geb&uuml;hr</p>",
        "<?xml version='1.0' encoding='ISO-8859-1'?><p>Gebühr</p>".encode("latin-1"),
    ],
)
def test_encodings(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "page.html"
    path.write_bytes(data)
    assert HtmlReader().read(path).text == "Gebühr"


def test_a_page_without_text_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "app.html"
    path.write_text("<div id=root></div><script>render()</script>", encoding="utf-8")
    with pytest.raises(SourceError, match=r"app\.html: holds no text") as caught:
        HtmlReader().read(path)
    assert "browser" in caught.value.hint


@pytest.mark.parametrize(
    "markup",
    [
        "<div>" * 50_000 + "x",
        "<ul><li>" * 20_000 + "x",
        "<b>" * 50_000 + "x",
        "x" + "".join(f"<b c{n}><p>y" for n in range(20_000)),
        "x" + "<p><td>y" * 20_000,
        "<table><tr><td colspan=99999 rowspan=99999>x" + "<tr><td>y" * 2_000,
        "x" + "<!--" * 20_000 + "<script>" * 20_000,
    ],
    ids=["blocks", "lists", "inline", "unclosed", "paragraphs", "spans", "opaque"],
)
def test_hostile_pages_end_soon(markup: str) -> None:
    begin = time.perf_counter()
    try:
        assert "x" in parse(markup).text
    except SourceError as error:
        assert error.hint
    assert time.perf_counter() - begin < 8  # quadratic work would take minutes


def test_a_page_that_nests_too_deep_is_named(tmp_path: Path) -> None:
    path = tmp_path / "deep.html"
    path.write_text("<div>" * 2_000 + "x", encoding="utf-8")
    with pytest.raises(SourceError, match=r"^deep\.html: nests elements"):
        HtmlReader().read(path)


FRAGMENTS = st.sampled_from(
    ["<p>", "</p>", "<li>", "<ol>", "</ol>", "<td>", "<tr>", "<table>", "</table>", "<h2>", "<br>",
     "<dt>", "<dd>", "<pre>", "text ", "&amp;", "<", ">", "<main>", "<q>", "</", "\n"]
)  # fmt: skip


@given(st.lists(FRAGMENTS | st.text(max_size=5), max_size=40))
def test_broken_markup_can_be_read_and_marks_are_exact(parts: list[str]) -> None:
    extracted = parse("".join(parts))
    for mark in extracted.marks:
        assert 0 <= mark.start < mark.end <= len(extracted.text)
        if mark.kind == "heading":
            assert extracted.text[mark.start : mark.end] == mark.value
