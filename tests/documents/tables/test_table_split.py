"""Rows as passages: each whole, or in pieces that lose nothing and say what they are of."""

from __future__ import annotations

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from table_reading import read, write

from pakar.documents.passages import split_document
from pakar.documents.split import embedding_text
from pakar.testing import HashEmbedder
from pakar.types import Document, Passage

MOST = 60


def passages(document: Document) -> list[Passage]:
    count = HashEmbedder().count_tokens
    return split_document(document, max_tokens=MOST, size=40, count_tokens=count)


def check(document: Document, made: list[Passage]) -> None:
    for one in made:
        assert document.text[one.start : one.end] == one.text
    assert max(HashEmbedder().count_tokens([embedding_text(one) for one in made])) <= MOST
    covered = "".join(one.text for one in made if one.kind == "row")
    rows = "".join(
        document.text[mark.start : mark.end] for mark in document.marks if mark.kind == "row"
    )
    assert "".join(covered.replace("|", "").split()) == "".join(rows.replace("|", "").split())


def test_a_row_is_a_passage_and_the_card_its_summary(tmp_path: Path) -> None:
    document = read(write(tmp_path, "fees.csv", "Service,Fee\nCheque book,50\nCard,90\n")).document

    made = passages(document)

    places = [(one.kind, one.place) for one in made if one.kind != "summary"]
    assert places == [("row", "A2:B2"), ("row", "A3:B3")]
    assert made[0].kind == "summary"
    assert made[-2].text == "Service: Cheque book | Fee: 50"
    check(document, made)


def test_a_wide_row_is_cut_between_cells_and_each_piece_says_whose_it_is(tmp_path: Path) -> None:
    names = ",".join(f"column number {n}" for n in range(60))
    cells = ",".join(["Ann Example", *(f"value {n}" for n in range(1, 60))])
    document = read(write(tmp_path, "wide.csv", f"{names}\n{cells}\n")).document

    rows = [one for one in passages(document) if one.kind == "row"]

    assert len(rows) > 3
    assert {one.place for one in rows} == {"A2:BH2"}
    assert all("Ann Example" in embedding_text(one) for one in rows)
    assert all(one.text.startswith("column number") for one in rows)
    check(document, passages(document))


def test_a_long_cell_is_cut_at_spaces_and_its_pieces_name_their_column(tmp_path: Path) -> None:
    story = " ".join(f"word{n}" for n in range(300))
    document = read(
        write(tmp_path, "long.csv", f"id,story,city\n7,{story},Bern\n8,short,Basel\n")
    ).document

    rows = [one for one in passages(document) if one.place == "A2:C2"]

    middle = [one for one in rows if "word150" in one.text]
    assert len(middle) == 1
    assert "story" in middle[0].headings
    assert "id: 7" in middle[0].context
    check(document, passages(document))


_WORDS = st.lists(
    st.text(st.characters(codec="utf-8", exclude_characters="\r\n\x00|"), max_size=30), max_size=60
).map(" ".join)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(cells=st.lists(_WORDS, min_size=2, max_size=6))
def test_no_word_of_a_row_is_lost_or_told_twice(tmp_path: Path, cells: list[str]) -> None:
    import json

    path = tmp_path / "t.jsonl"
    path.write_text(json.dumps({f"c{n}": cell for n, cell in enumerate(cells)} | {"id": 1}))
    document = read(path).document

    check(document, passages(document))
