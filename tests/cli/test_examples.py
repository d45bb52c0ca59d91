"""`pakar examples` from a document to what is learned, as scripts and people use it."""

from __future__ import annotations

import builtins
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import Result
from rich.console import Console
from typer.testing import CliRunner

from pakar import ExampleError, Expert
from pakar.cli.examples_view import decide
from pakar.cli.main import app

LOAN = """\
# Gold Loan

A gold loan is a loan against jewellery.

## Charges

- Processing fee: 250 rupees for each loan
- Interest: 9 percent a year

## How to Apply

Visit a branch on a weekday with your jewellery and your passport.
"""


@pytest.fixture
def expert(tmp_path: Path, testing_backend: str) -> Expert:
    answers = tmp_path / "answers.txt"
    pair = {"question": "What is a gold loan against?", "answer": "It is against jewellery."}
    answers.write_text(f"{json.dumps(pair)}\nno JSON\n", encoding="utf-8")
    made = Expert.create(
        tmp_path / "bank", embedder=testing_backend, language_model=f"testing:{answers}"
    )
    documents = made.folder / "documents"
    documents.mkdir()
    (documents / "loan.md").write_text(LOAN, encoding="utf-8")
    made.add(documents)
    return made


def pakar(expert: Expert, *arguments: str, code: int = 0) -> Result:
    at = ["--expert", str(expert.folder)]
    result = CliRunner().invoke(app, ["examples", *arguments, *at], env={"COLUMNS": "200"})
    assert result.exit_code == code, result.output
    return result


def document(expert: Expert, *arguments: str, code: int = 0) -> dict[str, list[object]]:
    found: dict[str, list[object]] = json.loads(
        pakar(expert, *arguments, "--json", code=code).stdout
    )
    return found


def test_building_again_adds_nothing_and_the_rejected_stays_away(expert: Expert) -> None:
    first = document(expert, "build")["added"]
    assert len(first) == 5
    again = document(expert, "build")
    assert (again["added"], again["unchanged"]) == ([], 5)
    document(expert, "review", "--reject", str(first[0]))
    assert document(expert, "build")["added"] == []
    card = document(expert, "check")
    assert card["states"] == {"accepted": 4, "rejected": 1}
    assert card["learned"] == 4


def test_a_changed_document_moves_what_it_still_says_and_makes_the_rest_stale(
    expert: Expert,
) -> None:
    pakar(expert, "build")
    changed = LOAN.replace("# Gold Loan\n", "# Gold Loan\n\nNew in this year.\n")
    file = expert.folder / "documents" / "loan.md"
    file.write_text(changed.replace("9 percent", "8 percent"), encoding="utf-8")
    expert.add()
    done = document(expert, "build")
    assert done["updated"] == 3
    stale = document(expert, "check")["stale"]
    gone = [one for one in expert.examples() if "9 percent" in one.answer]
    assert sorted(map(str, stale)) == sorted(one.id for one in gone)
    text = expert.document("documents/loan.md").text
    (fee,) = [one for one in expert.examples() if one.answer.startswith("Processing fee")
              and "\n" not in one.answer]  # fmt: skip
    assert text[fee.sources[0].start : fee.sources[0].end] == fee.answer


def test_a_held_out_question_is_not_learned(expert: Expert) -> None:
    held = {
        "id": "q1",
        "question": "How can one apply for it?",
        "answer": "Visit a branch on a weekday with your jewellery and your passport.",
    }
    pakar(expert, "build")
    (expert.folder / "questions.jsonl").write_text(json.dumps(held), encoding="utf-8")
    card = document(expert, "check")
    (dropped,) = card["dropped"]
    assert isinstance(dropped, dict)
    assert (dropped["why"], dropped["how"], dropped["other"]) == (
        "leak", "same fact", held["question"],
    )  # fmt: skip
    learned = expert.training_data().examples
    assert learned
    assert not any("passport" in one.answer for one in learned)


def test_wrong_rows_make_the_exit_code_3_and_the_rest_is_there(expert: Expert) -> None:
    file = expert.folder / "mine.csv"
    file.write_text("question,answer\nWhat is gold?,A metal.\nWhy?,\n", encoding="utf-16")
    result = pakar(expert, "import", str(file), code=3)
    assert "1 added, 1 failed." in result.stdout
    assert "line 3: answer is empty" in result.stdout


@pytest.mark.parametrize("content", [b"", b"\x00\x01\x02\xff" * 500, b"nothing\nknown\n"])
def test_a_file_that_is_none_is_one_error(expert: Expert, content: bytes) -> None:
    file = expert.folder / "mine.jsonl"
    file.write_bytes(content)
    result = pakar(expert, "import", str(file), code=1)
    assert "Traceback" not in result.output
    pakar(expert, "import", str(expert.folder / "missing.csv"), code=1)


def test_what_a_model_writes_waits_and_what_is_no_json_falls(expert: Expert) -> None:
    (expert.folder / "documents" / "other.md").write_text("# Silver\n\nSilver is bought here.\n")
    expert.add()
    done = document(expert, "generate")
    assert len(done["waiting"]) == 1
    assert done["generated"] == {"asked": 2, "rejected": {"not valid JSON": 1}}


def test_reviewing_one_after_the_other(expert: Expert, monkeypatch: pytest.MonkeyPatch) -> None:
    file = expert.folder / "mine.csv"
    rows = [f"Who is number {n}?,Call 0812-3456-78{n}0." for n in range(4)]
    file.write_text("\n".join(["question,answer", *rows]), encoding="utf-8")
    assert "4 wait" in pakar(expert, "import", str(file)).stdout
    typed = _typed("a", "r", "e", "", "Nobody.", "q")
    monkeypatch.setattr(builtins, "input", lambda *_: next(typed))
    decide(Console(quiet=True), expert)
    states = [(one.state, one.answer) for one in expert.examples()]
    assert states == [
        ("accepted", "Call 0812-3456-7800."),
        ("rejected", "Call 0812-3456-7810."),
        ("rejected", "Call 0812-3456-7820."),
        ("accepted", "Nobody."),
        ("waiting", "Call 0812-3456-7830."),
    ]


def test_an_unknown_id_is_one_error(expert: Expert) -> None:
    assert "no example 'x'" in pakar(expert, "review", "--accept", "x", code=1).output


def test_nothing_to_learn_from_is_said_before_anything_is_done(expert: Expert) -> None:
    with pytest.raises(ExampleError, match="no accepted examples"):
        expert.training_data()


def test_an_example_longer_than_the_context_is_on_the_card(expert: Expert) -> None:
    file = expert.folder / "mine.jsonl"
    file.write_text(
        json.dumps({"prompt": "Say it all.", "completion": "word " * 5000}), encoding="utf-8"
    )
    pakar(expert, "import", str(file))
    tokens = document(expert, "check")["tokens"]
    assert isinstance(tokens, dict)
    assert len(tokens["too_long"]) == 1


def _typed(*lines: str) -> Iterator[str]:
    return iter(lines)
