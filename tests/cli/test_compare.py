"""`pakar compare`, `advise` and `questions` as a person and a script meet them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from pakar import Expert
from pakar.cli.main import app

QUESTIONS = """id,question,answer,answerable
a,What does a cheque book cost?,A cheque book costs 50 rupees.,
b,What does a locker cost?,900 rupees a year.,
c,Who won the cup in 1998?,,no
"""


def run(*arguments: str, code: int = 0) -> Result:
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == code, result.output
    return result


@pytest.fixture
def bank(testing_backend: str, tmp_path: Path) -> str:
    expert = Expert.create(tmp_path / "bank", embedder=testing_backend)
    documents = expert.folder / "documents"
    documents.mkdir()
    (documents / "fees.md").write_text(
        "# Fees\n\nA cheque book costs 50 rupees. A locker costs 900 rupees a year.\n"
    )
    expert.add(documents)
    (expert.folder / "q.csv").write_text(QUESTIONS)
    return str(expert.folder)


def test_from_a_table_of_questions_to_a_verdict(bank: str) -> None:
    assert "no questions" in run("compare", "--expert", bank, code=1).output
    shown = run("questions", "import", f"{bank}/q.csv", "--expert", bank).output
    assert "3 questions added" in shown
    checked = run("questions", "check", "--expert", bank).output
    assert "no difference of any size can be shown" in " ".join(checked.split())
    told = run("compare", "--routes", "extract, nonsense", "--expert", bank)
    said = " ".join(told.stdout.split())
    assert "Only extract could be measured" in said
    assert "nonsense was not measured: unknown route" in said
    again = " ".join(run("compare", "--again", "--expert", bank).stdout.split())
    assert "The verdict stands." in again
    report = next(Path(bank).glob(".pakar/comparisons/*/report.html"))
    assert "Only extract could be measured" in report.read_text(encoding="utf-8")


def test_hostile_questions_cannot_steer_the_terminal(bank: str) -> None:
    row = {"id": "x", "question": "What?", "answer": "y", "type": "\x1b[31m[red]t[/red]"}
    rows = [{**row, "id": f"x{i}", "question": f"What is fee {i}?"} for i in range(9)]
    text = "".join(json.dumps(one) + "\n" for one in rows)
    Path(bank, "questions.jsonl").write_text(text)
    checked = run("questions", "check", "--expert", bank).stdout
    compared = run("compare", "--routes", "extract", "--expert", bank).stdout
    assert "\x1b[31m" not in checked + compared
    assert "[red]t[/red]" in checked


def test_advice_by_flags_and_settings(bank: str) -> None:
    found = json.loads(run("advise", "--changes", "daily", "--expert", bank, "--json").stdout)
    assert (found["route"], found["rules"][0]["rule"]) == ("rag", "changing data")
    settings = Path(bank, "pakar.toml")
    text = settings.read_text().replace("vocabulary = false", "vocabulary = true")
    settings.write_text(text)
    learned = run("advise", "--examples", "900", "--changes", "never", "--expert", bank).stdout
    assert "Try first: lora" in learned
    opposite = run("advise", "--examples", "900", "--no-vocabulary", "--expert", bank).stdout
    assert "Try first: rag" in opposite
    run("advise", "--changes", "sometimes", "--expert", bank, code=2)


@pytest.mark.parametrize("command", [["compare"], ["advise"], ["questions", "check"]])
def test_without_an_expert_one_line_says_so(tmp_path: Path, command: list[str]) -> None:
    result = run(*command, "--expert", str(tmp_path / "none"), code=1)
    assert "is no expert" in " ".join(result.output.split())
