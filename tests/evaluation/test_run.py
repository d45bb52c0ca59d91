"""A comparison's run keeps every answer, goes on after a kill, and lets nothing stop the rest."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pakar.errors import EndpointError
from pakar.evaluation.journal import Journal
from pakar.evaluation.questions import Question
from pakar.evaluation.record import from_line, to_line
from pakar.evaluation.run import Candidate, Progress, Ran, run, selected
from pakar.types import Answer, Citation, Hit, Passage, Timings

QUESTIONS = [Question(f"q{index}", f"What is {index}?") for index in range(12)]


def rich(text: str) -> Answer:
    """An answer with everything that an answer can have."""
    passage = Passage("a.md", 3, 6, "fee", headings=("Fees", "Cards"), page=2, language="en")
    return Answer(
        text, "rag",
        citations=(Citation("a.md", 3, 6, "fee", 0, 3, 0.5, page=2, heading="Fees", title="A"),),
        unsupported=("more",), hits=(Hit(passage, 0.7, {"vector": 0.9}),),
        timings=Timings(0.1, 0.2, 0.3), notes=("note",),
    )  # fmt: skip


class Counter:
    """Answers and counts how often it was asked."""

    def __init__(self, fails: Callable[[str], bool] = lambda question: False) -> None:
        self.asked: list[str] = []
        self._fails = fails

    def __call__(self, question: str) -> Answer:
        self.asked.append(question)
        if self._fails(question):
            raise EndpointError("the endpoint is gone", hint="Wait.")
        return rich(f"Answer to {question} é\u2028")


def candidates(*answers: Callable[[str], Answer]) -> list[Candidate]:
    return [Candidate(f"route{i}", f"print{i}", one, len) for i, one in enumerate(answers)]


def texts(ran: Ran) -> dict[str, dict[str, str]]:
    return {
        route: {key: one.answer.text if one.answer else one.error for key, one in rows.items()}
        for route, rows in ran.records.items()
    }


def test_every_route_answers_every_question(tmp_path: Path) -> None:
    one, other = Counter(), Counter()
    ran = run(candidates(one, other), QUESTIONS, Journal(tmp_path / "a.jsonl"))
    assert one.asked == other.asked == [question.question for question in QUESTIONS]
    assert set(ran.records["route0"]) == {question.id for question in QUESTIONS}
    assert ran.asked == tuple(QUESTIONS)
    assert ran.records["route1"]["q3"].tokens == len("Answer to What is 3? é\u2028")


def test_nothing_is_asked_twice(tmp_path: Path) -> None:
    first, second = Counter(), Counter()
    before = run(candidates(first), QUESTIONS[:7], Journal(tmp_path / "a.jsonl"))
    after = run(candidates(second), QUESTIONS, Journal(tmp_path / "a.jsonl"))
    assert second.asked == [question.question for question in QUESTIONS[7:]]
    assert after.records["route0"]["q1"] == before.records["route0"]["q1"]


def test_other_settings_ask_again(tmp_path: Path) -> None:
    first, second = Counter(), Counter()
    run([Candidate("rag", "old", first)], QUESTIONS, Journal(tmp_path / "a.jsonl"))
    run([Candidate("rag", "new", second)], QUESTIONS, Journal(tmp_path / "a.jsonl"))
    assert len(second.asked) == len(QUESTIONS)


def test_a_question_that_fails_is_one_line_and_asked_again_next_time(tmp_path: Path) -> None:
    broken = Counter(lambda question: "3" in question)
    ran = run(candidates(broken, Counter()), QUESTIONS, Journal(tmp_path / "a.jsonl"))
    record = ran.records["route0"]["q3"]
    assert (record.answer, record.error) == (None, "the endpoint is gone")
    assert ran.records["route1"]["q3"].answer is not None
    assert not ran.given_up
    healed = Counter()
    again = run(candidates(healed), QUESTIONS, Journal(tmp_path / "a.jsonl"))
    assert healed.asked == ["What is 3?"]
    assert again.records["route0"]["q3"].answer is not None


def test_an_error_of_any_kind_stops_nothing(tmp_path: Path) -> None:
    def broken(question: str) -> Answer:
        raise RuntimeError("first line\nsecond line")

    ran = run(candidates(broken, Counter()), QUESTIONS[:2], Journal(tmp_path / "a.jsonl"))
    assert ran.records["route0"]["q0"].error == "RuntimeError: first line"
    assert ran.records["route1"]["q1"].answer is not None


def test_a_route_that_always_fails_is_given_up(tmp_path: Path) -> None:
    broken, sound = Counter(lambda question: True), Counter()
    ran = run(candidates(broken, sound), QUESTIONS, Journal(tmp_path / "a.jsonl"))
    assert len(broken.asked) == 5
    assert len(sound.asked) == len(QUESTIONS)
    assert ran.given_up == {"route0": "the endpoint is gone"}
    assert "5 failures" in ran.records["route0"]["q11"].error


def test_a_budget_ends_between_two_questions(tmp_path: Path) -> None:
    def slow(question: str) -> Answer:
        time.sleep(0.05)
        return rich(question)

    ran = run(candidates(slow, slow), QUESTIONS, Journal(tmp_path / "a.jsonl"), budget=0.35)
    assert 1 <= len(ran.asked) < len(QUESTIONS)
    assert all(set(rows) == {one.id for one in ran.asked} for rows in ran.records.values())
    assert "budget" in ran.notes[0]


def test_the_time_left_is_known_after_two_answers_each(tmp_path: Path) -> None:
    seen: list[Progress] = []
    journal = Journal(tmp_path / "a.jsonl")
    run(candidates(Counter(), Counter()), QUESTIONS, journal, report=seen.append)
    known = [one.seconds_left is not None for one in seen]
    assert known[:3] == [False, False, False]
    assert all(known[3:])
    assert (seen[-1].done, seen[-1].total) == (24, 24)


def test_what_is_known_already_counts_no_time(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "a.jsonl")
    run(candidates(Counter()), QUESTIONS, journal)
    seen: list[Progress] = []
    run(candidates(Counter(), Counter()), QUESTIONS, journal, report=seen.append)
    assert seen[3].seconds_left is not None


def test_a_smaller_limit_asks_a_part_of_the_same() -> None:
    few, more = selected(QUESTIONS, 4, 1), selected(QUESTIONS, 8, 1)
    assert more[:4] == few
    assert sorted(one.id for one in selected(QUESTIONS, 0, 1)) == sorted(q.id for q in QUESTIONS)
    assert selected(QUESTIONS, 0, 2) != selected(QUESTIONS, 0, 1)


def test_a_record_survives_its_line(tmp_path: Path) -> None:
    ran = run(candidates(Counter()), QUESTIONS[:1], Journal(tmp_path / "a.jsonl"))
    record = ran.records["route0"]["q0"]
    line = to_line(record)
    assert line.count(b"\n") == 1
    assert from_line(line) == record


@pytest.mark.parametrize("cut", [1, 30, 200])
def test_a_torn_line_costs_one_answer(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "a.jsonl"
    run(candidates(Counter()), QUESTIONS[:5], Journal(path))
    path.write_bytes(path.read_bytes()[:-cut])
    again = Counter()
    run(candidates(again), QUESTIONS[:5], Journal(path))
    assert again.asked == (["What is 4?"] if cut > 1 else [])
    assert len(Journal(path)._records) == 5


@pytest.mark.parametrize("line", [b"{}", b"[]", b"null", b"7", b'{"answer": 3}', b"\xff", b"["])
def test_a_line_of_something_else_is_skipped(tmp_path: Path, line: bytes) -> None:
    assert from_line(line) is None
    path = tmp_path / "a.jsonl"
    path.write_bytes(line + b"\n")
    asked = Counter()
    run(candidates(asked), QUESTIONS[:2], Journal(path))
    assert len(asked.asked) == 2


_KILLED = """
import sys, time
from pathlib import Path
sys.path.insert(0, {tests!r})
from test_run import QUESTIONS, rich
from pakar.evaluation.journal import Journal
from pakar.evaluation.run import Candidate, run

def answer(question):
    time.sleep(0.004)
    return rich("Answer to " + question + " " + "long " * 3000)

done = run([Candidate("a", "a", answer), Candidate("b", "b", answer)], QUESTIONS,
           Journal(Path({path!r})))
"""


def test_killed_twenty_times_it_ends_with_the_same_answers(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    code = _KILLED.format(tests=str(Path(__file__).parent), path=str(path))
    source = random.Random(0)
    kills = 0
    while kills < 20:
        child = subprocess.Popen([sys.executable, "-c", code], env=os.environ)
        size = path.stat().st_size if path.exists() else 0
        end = time.monotonic() + 20
        # Killed soon after it writes, wherever that catches it.
        while child.poll() is None and time.monotonic() < end:
            now = path.stat().st_size if path.exists() else 0
            if now > size:
                time.sleep(source.random() * 0.003)
                child.send_signal(signal.SIGKILL)
                break
            time.sleep(0.0005)
        child.wait()
        kills += 1

    def answer(question: str) -> Answer:
        return rich("Answer to " + question + " " + "long " * 3000)

    asked = [Candidate("a", "a", answer), Candidate("b", "b", answer)]
    ended = run(asked, QUESTIONS, Journal(path))
    whole = run(asked, QUESTIONS, Journal(tmp_path / "whole.jsonl"))
    assert texts(ended) == texts(whole)
