"""Plain text of any encoding becomes headings, paragraphs and list items."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pakar.documents.builder import TextBuilder
from pakar.documents.plain import TextReader, add_plain_text
from pakar.errors import SourceError
from pakar.ports import Extracted


def read(folder: Path, data: bytes | str) -> Extracted:
    path = folder / "notes.txt"
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return TextReader().read(path)


def test_wrapped_lines_become_one_paragraph_and_short_lines_stay(tmp_path: Path) -> None:
    text = (
        "The bank opens at nine in the morning and closes at four in the\n"
        "afternoon, except on Fridays, when it closes at three so that the\n"
        "staff can prepare the week's accounts.\n"
        "\n"
        "Head office\n"
        "12 Market Street\n"
        "Agra\n"
    )
    assert read(tmp_path, text).text.split("\n") == [
        "The bank opens at nine in the morning and closes at four in the afternoon, except on "
        "Fridays, when it closes at three so that the staff can prepare the week's accounts.",
        "",
        "Head office",
        "12 Market Street",
        "Agra",
    ]


def test_underlined_lines_are_headings(tmp_path: Path) -> None:
    extracted = read(tmp_path, "Fees\n====\n\nAll fees.\n\nCards\n-----\nA card costs 5.\n")
    headings = [(m.value, m.level) for m in extracted.marks if m.kind == "heading"]
    assert headings == [("Fees", 1), ("Cards", 2)]
    assert extracted.title == "Fees"
    assert extracted.text == "Fees\n\nAll fees.\n\nCards\n\nA card costs 5."


def test_list_items_keep_their_numbers(tmp_path: Path) -> None:
    text = "Steps:\n1. Open the app\n   and log in\n2. Tap Cards\n* Done"
    assert read(tmp_path, text).text == "Steps:\n1. Open the app and log in\n2. Tap Cards\n* Done"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be",
                                      "utf-32", "cp1252"])  # fmt: skip
def test_encodings(tmp_path: Path, encoding: str) -> None:
    text = "Die Gebühr für das Scheckheft beträgt fünf Euro, größere Hefte kosten mehr."
    assert read(tmp_path, text.encode(encoding)).text == text


def test_binary_data_is_refused_with_a_way_out(tmp_path: Path) -> None:
    data = bytes(range(256)) * 50
    with pytest.raises(SourceError, match=r"notes\.txt: is .*text") as caught:
        read(tmp_path, data)
    assert "UTF-8" in caught.value.hint


def test_a_missing_file_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"gone\.txt: cannot be opened: No such file"):
        TextReader().read(tmp_path / "gone.txt")


@given(st.text(st.sampled_from(list("ab1.-=* \n\t")) | st.characters(), max_size=300))
def test_no_word_is_lost_but_rules_and_bullets(text: str) -> None:
    builder = TextBuilder()
    add_plain_text(builder, text)
    extracted = builder.extracted()
    kept = "".join(filter(str.isalnum, extracted.text))
    assert kept == "".join(c for c in text if c.isalnum())
    for mark in extracted.marks:
        assert extracted.text[mark.start : mark.end] == mark.value
