"""`pakar calibrate`: an expert learns from its own examples when it cannot answer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("sklearn")

from typer.testing import CliRunner

from pakar import ExampleError, Expert
from pakar.cli.main import app
from pakar.flows.contestants import contestants, ground_of
from pakar.flows.workplace import Workplace

THINGS = (
    "cheque book, locker, passbook, card, draft, stamp, statement, envelope, safe, vault, loan, "
    "mortgage, transfer, remittance, pension, insurance, deposit, bond, share, fund, token, key, "
    "certificate, guarantee, overdraft, lease, voucher, coin, note, receipt, signature, seal, "
    "mandate, licence, permit, audit, survey, valuation, notary, courier, telegram, brochure"
).split(", ")


def write(folder: Path, things: list[str]) -> None:
    (folder / "documents").mkdir()
    rows = []
    for number, thing in enumerate(things):
        name, fee = f"{thing}.md", 1000 + 37 * number
        text = f"# Fees for a {thing}\n\nThe fee for a {thing} is {fee} rupees.\n"
        (folder / "documents" / name).write_text(text, encoding="utf-8")
        turns = [
            {"role": "user", "content": f"What is the fee for a {thing}?"},
            {"role": "assistant", "content": f"It is {fee} rupees."},
        ]
        rows.append(json.dumps({"messages": turns, "documents": [f"documents/{name}"]}))
    (folder / "examples" / "mine.jsonl").write_text("\n".join(rows), encoding="utf-8")


def made(folder: Path, embedder: str, things: list[str]) -> Expert:
    expert = Expert.create(folder, embedder=embedder)
    write(folder, things)
    expert.add(folder / "documents")
    return expert


@pytest.fixture
def expert(tmp_path: Path, testing_backend: str) -> Expert:
    return made(tmp_path / "bank", testing_backend, THINGS)


def refused(expert: Expert, things: tuple[str, ...] | list[str]) -> float:
    asked = [expert.ask(f"What is the fee for a {one}?", route="extract") for one in things]
    return sum(one.abstained for one in asked) / len(asked)


FOREIGN = ["yacht", "zeppelin", "violin", "giraffe", "harpsichord", "submarine", "telescope"]


def test_what_the_documents_do_not_answer_is_refused_afterwards(expert: Expert) -> None:
    assert expert.status().calibrated == 0
    found = expert.calibrate()
    assert found.questions == expert.status().calibrated == len(THINGS)
    assert found.refused_answerable <= 0.05
    assert refused(expert, THINGS) <= 0.1
    assert found.refused_unanswerable >= found.before[1]
    assert refused(expert, FOREIGN) >= 0.8


def test_a_larger_share_refuses_more(expert: Expert) -> None:
    few, many = expert.calibrate(0.02), expert.calibrate(0.4)
    assert few.refused_answerable == 0  # 2% of 42 is no question
    assert few.refused_answerable < many.refused_answerable <= 0.4
    assert many.refused_unanswerable >= few.refused_unanswerable


def test_every_route_that_searches_is_another_one_afterwards(expert: Expert) -> None:
    def states() -> dict[str, str]:
        ground = ground_of(Workplace(Path(expert.status().folder), expert.config))
        return {one.name: one.fingerprint for one in contestants(ground, ["extract"])[0]}

    before = states()
    expert.calibrate()
    assert states() != before
    assert expert.forget_calibration()
    assert states() == before
    assert not expert.forget_calibration()


def test_what_another_embedder_learned_does_not_count(expert: Expert) -> None:
    expert.calibrate()
    kept = Path(expert.status().folder) / ".pakar" / "relevance.json"
    strict = {**json.loads(kept.read_text()), "threshold": 1.0}
    kept.write_text(json.dumps(strict))
    assert refused(expert, THINGS) == 1
    kept.write_text(json.dumps({**strict, "embedder": "others:embedder"}))
    assert refused(expert, THINGS) < 1


def test_the_command_says_what_changed(expert: Expert) -> None:
    folder = expert.status().folder
    result = CliRunner().invoke(app, ["calibrate", "--expert", folder, "--json"])
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert document["questions"] == len(THINGS)
    assert 0 <= document["before"]["refused_unanswerable"] <= document["refused_unanswerable"] <= 1
    told = CliRunner().invoke(app, ["calibrate", "--expert", folder]).stdout
    assert f"Learned from {len(THINGS)} questions" in told
    shown = CliRunner().invoke(app, ["status", "--expert", folder]).stdout
    assert f"learned from {len(THINGS)} questions" in shown
    again = CliRunner().invoke(app, ["calibrate", "--reset", "--expert", folder, "--json"])
    assert json.loads(again.stdout) == {"reset": True}


def test_too_few_examples_are_one_clear_error(tmp_path: Path, testing_backend: str) -> None:
    few = made(tmp_path / "few", testing_backend, THINGS[:12])
    result = CliRunner().invoke(app, ["calibrate", "--expert", few.status().folder, "--json"])
    assert result.exit_code == 1
    document = json.loads(result.stdout)
    assert "12 accepted examples" in document["error"]
    assert "pakar examples" in document["hint"]
    result = CliRunner().invoke(
        app, ["calibrate", "--refused", "1.5", "--expert", few.status().folder, "--json"]
    )
    assert "1.5" in json.loads(result.stdout)["error"]


def test_a_spoiled_file_is_learned_anew(expert: Expert) -> None:
    found = expert.calibrate()
    file = Path(expert.status().folder) / ".pakar" / "relevance.json"
    written = file.read_bytes()
    strange = {**json.loads(written), "weights": {"colour": 1.0}}
    for content in ("{", json.dumps(strange)):
        file.write_text(content)
        assert "pakar calibrate" in expert.status().problem
        assert expert.calibrate().learned == found.learned
        assert file.read_bytes() == written
        assert not expert.status().problem


@pytest.mark.parametrize("content", ["", "{", "[]", '{"embedder": "?"}', '{"embedder": 5}'])
def test_a_spoiled_file_is_one_clear_error_or_none(expert: Expert, content: str) -> None:
    folder = Path(expert.status().folder)
    (folder / ".pakar" / "relevance.json").write_text(content)
    asked = ["ask", "What is the fee for a locker?", "--route", "extract", "--json"]
    result = CliRunner().invoke(app, [*asked, "--expert", str(folder)])
    document = json.loads(result.stdout)
    assert "calibrate" in document["hint"] if result.exit_code else not document["abstained"]
    assert result.exit_code == (0 if '"embedder"' in content else 1)
    assert bool(expert.status().problem) == bool(result.exit_code)


def test_held_out_questions_teach_nothing(expert: Expert) -> None:
    folder = Path(expert.status().folder)
    held = [
        {"id": str(number), "question": f"What is the fee for a {thing}?", "answer": "It is free."}
        for number, thing in enumerate(THINGS)
    ]
    (folder / "questions.jsonl").write_text("\n".join(map(json.dumps, held)))
    with pytest.raises(ExampleError, match="0 accepted examples"):
        Expert.open(folder).calibrate()
