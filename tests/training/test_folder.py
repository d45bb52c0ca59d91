"""Users own their examples: what they wrote stays, what they rejected never comes back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from made_examples import pair

from pakar.errors import ExampleError
from pakar.training.folder import ExampleFolder
from pakar.training.identity import data_hash
from pakar.types import Source

FEE = pair("What does a cheque book cost?", "50 rupees.", Source("fees.md", "ab", 3, 20))
RENT = pair("When is the rent due?", "On 1 April.", state="waiting")


def test_what_is_added_is_read_again(tmp_path: Path) -> None:
    folder = ExampleFolder(tmp_path)
    assert folder.add("extracted.jsonl", [FEE, RENT]) == [FEE, RENT]
    assert folder.load().examples == (FEE, RENT)
    assert folder.load().waiting == (RENT,)


def test_building_again_adds_only_what_is_new(tmp_path: Path) -> None:
    folder = ExampleFolder(tmp_path)
    folder.add("extracted.jsonl", [FEE])
    assert folder.add("extracted.jsonl", [FEE, RENT, RENT]) == [RENT]
    folder.mark({FEE.id: "rejected"})
    assert folder.add("other.jsonl", [FEE]) == []
    assert [one.state for one in folder.load().examples] == ["rejected", "waiting"]


def test_the_shipped_form_is_read(tmp_path: Path) -> None:
    row = {
        "id": "bank-1",
        "messages": [{"role": "user", "content": "Q?"}, {"role": "assistant", "content": "A."}],
        "documents": ["a.md"],
        "origin": "curated",
    }
    (tmp_path / "curated.jsonl").write_text(json.dumps(row), encoding="utf-8")
    (found,) = ExampleFolder(tmp_path).load().examples
    assert (found.id, found.sources, found.state) == ("bank-1", (Source("a.md"),), "accepted")


def test_lines_of_the_user_stay_letter_for_letter(tmp_path: Path) -> None:
    turns = '[{"role":"user","content":"A?"},{"role":"assistant","content":"B."}]'
    mine = f'{{"messages":{turns}, "note":"é" }}'
    broken = "{not json"
    file = tmp_path / "mine.jsonl"
    file.write_bytes(f"\n{mine}\r\n{broken}\n".encode())
    folder = ExampleFolder(tmp_path)
    folder.add("mine.jsonl", [RENT])
    folder.mark({RENT.id: "accepted"})
    assert file.read_text(encoding="utf-8").splitlines()[:3] == ["", mine, broken]
    (noted,) = [one for one in folder.load().examples if one.question == "A?"]
    folder.mark({noted.id: "rejected"})
    assert json.loads(file.read_text(encoding="utf-8").splitlines()[1])["note"] == "é"


def test_a_wrong_line_is_named_and_the_rest_is_read(tmp_path: Path) -> None:
    folder = ExampleFolder(tmp_path)
    folder.add("mine.jsonl", [FEE])
    with (tmp_path / "mine.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"messages": []}\n[1]\n' + "[" * 100_000 + "\n")
    stored = folder.load()
    assert stored.examples == (FEE,)
    assert [one.source[-6:] for one in stored.failed] == ["line 2", "line 3", "line 4"]


def test_an_edited_example_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    folder = ExampleFolder(tmp_path)
    folder.add("extracted.jsonl", [FEE, RENT])
    new = folder.edit(FEE.id, question=FEE.question, answer="60 rupees.")
    assert folder.load().accepted == (new,)
    assert (new.answer, new.origin, new.sources) == ("60 rupees.", "curated", FEE.sources)
    assert folder.add("extracted.jsonl", [FEE]) == []
    with pytest.raises(ExampleError, match="empty"):
        folder.edit(RENT.id, question="Why?", answer=" ")


def test_an_unknown_id_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ExampleError, match="no example 'x'"):
        ExampleFolder(tmp_path).mark({"x": "accepted"})


def test_the_hash_names_the_content_and_nothing_else() -> None:
    other = pair("What does a cheque book cost?", "60 rupees.")
    assert data_hash([FEE, RENT]) == data_hash([RENT, FEE]) != data_hash([FEE, other])
