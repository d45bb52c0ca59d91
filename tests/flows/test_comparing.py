"""`Expert.compare` measures what can be measured, and says in one line what cannot."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from pakar import ConfigError, Expert, Scope
from pakar.evaluation.run import Progress

FEES = """# Fees

A cheque book costs 50 rupees. A locker costs 900 rupees a year.

# Cards

A lost debit card is blocked by calling the bank at once. A new card costs 120 rupees.
"""
QUESTIONS = [
    ("q1", "What does a cheque book cost?", "A cheque book costs 50 rupees.", "fee"),
    ("q2", "What does a locker cost?", "A locker costs 900 rupees a year.", "fee"),
    ("q3", "How is a lost debit card blocked?", "By calling the bank at once.", "card"),
    ("q4", "What does a new card cost?", "A new card costs 120 rupees.", "card"),
]


def rows(*extra: dict[str, object]) -> list[dict[str, object]]:
    made: list[dict[str, object]] = [
        {"id": key, "question": question, "answer": answer, "documents": ["documents/fees.md"],
         "type": kind}
        for key, question, answer, kind in QUESTIONS
    ]  # fmt: skip
    return [*made, *extra]


# Without a process for each route, which takes seconds to start.
QUICK = Scope(memory=False)


def write(expert: Expert, *made: dict[str, object]) -> None:
    text = "".join(json.dumps(one) + "\n" for one in made)
    (expert.folder / "questions.jsonl").write_text(text, encoding="utf-8")


@pytest.fixture
def expert(testing_backend: str, tmp_path: Path) -> Expert:
    """A small bank whose model gives twenty answers, all wrong, and then fails."""
    answers = tmp_path / "answers.txt"
    answers.write_text("It costs 7777 rupees.\n" * 20, encoding="utf-8")
    made = Expert.create(
        tmp_path / "bank", embedder=testing_backend, language_model=f"testing:{answers}"
    )
    documents = made.folder / "documents"
    documents.mkdir()
    (documents / "fees.md").write_text(FEES, encoding="utf-8")
    made.add(documents)
    write(made, *rows())
    return made


def test_a_comparison_has_figures_pairs_a_verdict_and_its_files(expert: Expert) -> None:
    seen: list[Progress] = []
    done = expert.compare(watch=seen.append)
    assert {one.name for one in done.routes} == {"extract", "rag", "base"}
    assert (seen[-1].done, seen[-1].total) == (12, 12)
    found = {one.name: one for one in done.routes}
    assert found["extract"].metrics["score"].mean > found["base"].metrics["score"].mean
    assert found["extract"].metrics["verbatim"].mean == 1
    assert 0 < found["extract"].metrics["similarity"].mean <= 1.0001
    # It may be the question's relevance that lets a route refuse; what it writes is not there.
    assert found["rag"].metrics["unsupported_numbers"].mean == 1
    memory = found["extract"].cost.memory_mb
    assert memory is None if sys.platform != "linux" else memory is not None and memory > 20
    assert found["extract"].cost.upkeep_s is not None
    assert any(one.metric == "score" for one in done.pairs)
    folder = Path(done.folder)
    names = {"comparison.json", "report.html", "report.md", "questions.jsonl", "answers.jsonl"}
    assert {one.name for one in folder.iterdir()} == names
    kept = [json.loads(line) for line in (folder / "answers.jsonl").read_text().splitlines()]
    assert len(kept) == 12
    assert all(one["answer"]["timings"] and "hits" in one["answer"] for one in kept)


def test_four_questions_are_too_few_and_it_says_so(expert: Expert) -> None:
    verdict = expert.compare(routes=["extract", "base"], scope=QUICK).recommendation
    assert verdict.kind == "unclear"
    assert "too few" in verdict.verdict


def test_nothing_is_asked_twice_and_a_change_asks_again(expert: Expert) -> None:
    first = expert.compare(routes=["extract", "base"], scope=QUICK)
    (expert.folder / "documents" / "fees.md").write_text(FEES.replace("50", "60"))
    expert.add()
    second = Expert.open(expert.folder).compare(routes=["extract", "base"], scope=QUICK)
    assert first.setting.id != second.setting.id
    assert first.setting.states["base"] == second.setting.states["base"]
    assert first.setting.states["extract"] != second.setting.states["extract"]
    journal = expert.folder / ".pakar" / "comparisons" / "answers.jsonl"
    asked = [json.loads(line)["route"] for line in journal.read_text().splitlines()]
    assert (asked.count("extract"), asked.count("base")) == (8, 4)


def test_again_repeats_the_exam_and_says_whether_the_verdict_moved(expert: Expert) -> None:
    with pytest.raises(ConfigError, match="no comparison to repeat"):
        expert.compare(scope=Scope(again=True, memory=False))
    expert.compare(routes=["extract", "base"], scope=Scope(limit=3, seed=4, memory=False))
    write(expert, *rows()[:1])
    again = expert.compare(scope=Scope(again=True, memory=False))
    assert again.evidence.exam.asked == 3
    assert {one.name for one in again.routes} == {"extract", "base"}
    assert again.previous is not None and not again.previous.moved
    assert again.previous.says.startswith("The verdict stands.")


def test_a_model_that_fails_in_the_middle_costs_its_answers_only(expert: Expert) -> None:
    more = [{"id": f"x{i}", "question": f"What does cheque book {i} cost?", "answer": "50 rupees"}
            for i in range(20)]  # fmt: skip
    write(expert, *rows(*more))
    done = expert.compare(routes=["extract", "base"], scope=QUICK)
    base = next(one for one in done.routes if one.name == "base")
    assert (base.answered, base.failed) == (20, 4)
    assert "base failed on 4 of 24 questions" in " ".join(done.recommendation.caveats)
    assert all(pair.count <= 20 for pair in done.pairs)


def test_a_route_that_cannot_run_is_said_and_the_others_are_measured(expert: Expert) -> None:
    done = expert.compare(routes=["extract", "qlora"], scope=QUICK)
    assert [one.name for one in done.routes] == ["extract"]
    said = [one for one in done.recommendation.caveats if "qlora was not measured" in one]
    assert len(said) == 1 and "there is no qlora adapter yet" in said[0]


def test_where_no_route_can_run_it_fails_with_one_line(expert: Expert) -> None:
    with pytest.raises(ConfigError, match="no route can run") as raised:
        expert.compare(routes=["qlora"], scope=QUICK)
    assert "extract" in raised.value.hint


def test_no_questions_are_one_line(expert: Expert) -> None:
    write(expert)
    with pytest.raises(ConfigError, match="has no questions"):
        expert.compare()
    (expert.folder / "questions.jsonl").unlink()
    with pytest.raises(ConfigError, match="there are no questions") as raised:
        expert.compare()
    assert "pakar questions import" in raised.value.hint


def test_duplicate_ids_are_one_line(expert: Expert) -> None:
    write(expert, *rows(rows()[0]))
    with pytest.raises(ConfigError, match=r"line 5.*'q1'"):
        expert.compare()


def test_questions_without_references_are_answered_and_not_scored(expert: Expert) -> None:
    write(expert, *rows({"id": "bare", "question": "What does a card cost?"}))
    done = expert.compare(routes=["extract", "base"], scope=QUICK)
    assert (done.evidence.exam.asked, done.evidence.exam.scored) == (5, 4)
    assert any("1 of 5 questions have no reference" in one for one in done.recommendation.caveats)
    write(expert, {"id": "bare", "question": "What does a card cost?"})
    assert expert.compare(routes=["extract"], scope=QUICK).recommendation.kind == "nothing"


def test_questions_in_another_language_are_said(expert: Expert) -> None:
    foreign = [
        {"id": f"f{i}", "question": text, "answer": "50 rupee"}
        for i, text in enumerate([
            "Berapa biaya buku cek di bank ini?", "Bagaimana cara memblokir kartu yang hilang?",
            "Berapa biaya sewa loker setiap tahun?", "Apakah kartu baru harus dibayar nasabah?",
        ])
    ]  # fmt: skip
    write(expert, *rows(*foreign))
    done = expert.compare(routes=["extract"], scope=QUICK)
    assert any(
        "another language" in one and "mostly id" in one for one in done.recommendation.caveats
    )


def test_the_result_does_not_depend_on_a_rerun(expert: Expert) -> None:
    one = expert.compare(routes=["extract", "base"], scope=QUICK).as_json()
    other = Expert.open(expert.folder).compare(routes=["extract", "base"], scope=QUICK).as_json()
    for changing in ("finished", "seconds"):
        one.pop(changing), other.pop(changing)
    for route in (*one["routes"], *other["routes"]):  # type: ignore[misc]
        route.pop("upkeep_s")
    assert one == other


def test_a_verdict_that_moved_is_said_and_broken_files_are_passed_over(expert: Expert) -> None:
    done = expert.compare(routes=["extract", "base"], scope=QUICK)
    file = Path(done.folder) / "comparison.json"
    before = json.loads(file.read_text())
    before["recommendation"] |= {"route": "base", "tied": ["base"]}
    before["states"]["base"] = "another"
    file.write_text(json.dumps(before))
    for name, content in (("a", "{"), ("b", "[]"), ("c", "{}")):
        broken = file.parent.parent / name
        broken.mkdir()
        (broken / "comparison.json").write_text(content)
    again = expert.compare(scope=Scope(again=True, memory=False))
    assert again.previous is not None and again.previous.moved
    assert "The verdict moved." in again.previous.says
    assert "of the routes, base changed; before it was base" in again.previous.says
    assert "The verdict moved." in Path(again.report).read_text(encoding="utf-8")


def test_a_judge_is_asked_once_and_decides_nothing(expert: Expert, tmp_path: Path) -> None:
    words = tmp_path / "judge.txt"
    words.write_text('{"right": true}\n{"right": false}\nmaybe\n', encoding="utf-8")
    labels = tmp_path / "labels.jsonl"
    labels.write_text(
        "".join(
            json.dumps({"question": f"q{number}", "route": "extract", "right": True}) + "\n"
            for number in range(1, 5)
        )
    )
    scope = Scope(memory=False, judge=f"testing:{words}", labels=str(labels))
    plain = expert.compare(routes=("extract",), scope=QUICK)
    done = expert.compare(routes=("extract",), scope=scope)
    assert done.recommendation.route == plain.recommendation.route
    assert done.routes[0].metrics["judged"].count == 2
    said = " ".join(done.recommendation.caveats)
    assert "of 2 labels of a person" in said
    assert "no verdict on 1 answers" in said
    assert "failed 1 times" in said
    kept = (expert.folder / ".pakar" / "comparisons" / "judged.jsonl").read_text()
    assert kept.count('"right"') == 2
