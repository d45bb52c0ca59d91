"""Markdown becomes the same blocks as any other format, without its signs."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from pakar.documents.builder import TextBuilder
from pakar.documents.markdown import MarkdownReader, add_markdown
from pakar.ports import Extracted


def parse(text: str) -> Extracted:
    builder = TextBuilder()
    add_markdown(builder, text)
    return builder.extracted()


def headings(extracted: Extracted) -> list[tuple[str, int]]:
    return [(m.value, m.level) for m in extracted.marks if m.kind == "heading"]


def test_headings_with_repeated_signs_lose_them() -> None:
    extracted = parse("# Loans\n\n## ## Key Features\n\n## #### Notes\n\nText")
    assert headings(extracted) == [("Loans", 1), ("Key Features", 2), ("Notes", 2)]
    assert extracted.title == "Loans"


def test_emphasis_links_code_and_pictures_become_words() -> None:
    source = (
        "**For** *more*, `see` [our site](http://x.y) ![logo](data:image/png;base64,AAAA)~~no~~"
    )
    assert parse(source).text == "For more, see our site no"


def test_nested_lists_keep_order_and_numbers() -> None:
    source = "3. Three\n   - inner\n\n     more of it\n4. Four\n\n- loose\n\n- items"
    lines = ["3. Three", "- inner", "more of it", "4. Four", "- loose", "- items"]
    assert parse(source).text.split("\n") == lines


def test_every_table_cell_carries_its_column() -> None:
    extracted = parse("| Branch | Code |\n|---|---|\n| *Agra* | ZX1 |\n| Delhi | |\n")
    assert extracted.text == "Branch: Agra | Code: ZX1\nBranch: Delhi"
    assert [m.kind for m in extracted.marks] == ["table", "row", "row"]


def test_code_is_kept_line_by_line() -> None:
    assert parse("```sh\npakar new bank\npakar ask\n```").text == "pakar new bank\npakar ask"


def test_front_matter_gives_the_title_and_no_text(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text('---\ntitle: "Card fees"\ntags: [a]\n---\n# Fees\n\nText', encoding="utf-8")
    extracted = MarkdownReader().read(path)
    assert (extracted.title, extracted.text) == ("Card fees", "Fees\n\nText")


def test_a_rule_at_the_top_is_no_front_matter() -> None:
    assert parse("---\nFirst part\n\n---\nSecond").text == "First part\n\nSecond"


def test_html_inside_is_read_as_html() -> None:
    table = "<table><tr><th>A</th><th>B</th></tr><tr><td>1</td><td>2</td></tr></table>"
    source = f"Text<br>more <b>bold</b>\n\n{table}\n\n<script>x()</script>"
    assert parse(source).text == "Text more bold\n\nA: 1 | B: 2"


@given(st.text(st.sampled_from(list("ab1.#*_-`>[]()|<&~!\\ \n\t")) | st.characters(), max_size=200))
def test_any_text_can_be_read_and_marks_are_exact(text: str) -> None:
    extracted = parse(text)
    extracted.text.encode("utf-8")
    for mark in extracted.marks:
        assert 0 <= mark.start < mark.end <= len(extracted.text)
        if mark.kind == "heading":
            assert extracted.text[mark.start : mark.end] == mark.value
