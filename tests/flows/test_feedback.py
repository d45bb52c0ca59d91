"""What is said of an answer becomes a candidate, waits, and is checked before it is learned."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pakar import Adapter, Answer, ExampleError, Expert, SourceError
from pakar.training.folder import ExampleFolder
from pakar.training.worth import LEAST, worth_training

FEES = "# Fees\n\nA cheque book costs 50 rupees. A locker costs 900 rupees a year.\n"
CARDS = "# Cards\n\nA lost debit card is blocked by calling the bank at once.\n"
ASKED = "What does a cheque book cost?"


@pytest.fixture
def expert(testing_backend: str, tmp_path: Path) -> Expert:
    made = Expert.create(tmp_path / "bank", embedder=testing_backend)
    documents = made.folder / "documents"
    documents.mkdir()
    (documents / "fees.md").write_text(FEES, encoding="utf-8")
    (documents / "cards.md").write_text(CARDS, encoding="utf-8")
    made.add(documents)
    return made


def asked(expert: Expert, question: str = ASKED) -> str:
    return expert.remember(question, expert.ask(question, route="extract"))


def span(expert: Expert, example: object) -> list[str]:
    return [
        expert.document(one.document).text[one.start : one.end]
        for one in example.sources  # type: ignore[attr-defined]
    ]


def test_an_answer_that_is_right_waits_with_its_sources(expert) -> None:
    key = asked(expert)
    done = expert.feedback(key, good=True)
    (waiting,) = [one for one in expert.examples() if one.state == "waiting"]
    assert waiting == done.added[0]
    assert (waiting.origin, waiting.question) == ("feedback", ASKED)
    assert "50 rupees" in waiting.answer and "50 rupees" in "".join(span(expert, waiting))
    row = json.loads((expert.folder / "examples" / "feedback.jsonl").read_text())
    assert row["feedback"]["answer"] == key and row["feedback"]["said"] == "good"
    found = expert.status()
    assert (found.waiting, found.feedback) == (1, 1)


def test_saying_it_twice_changes_nothing(expert) -> None:
    asked(expert)
    expert.feedback(good=True)
    before = (expert.folder / "examples" / "feedback.jsonl").read_bytes()
    again = expert.feedback(good=True)
    assert (expert.folder / "examples" / "feedback.jsonl").read_bytes() == before
    assert "known already" in again.notes[0]


def test_a_wrong_answer_is_never_learned(expert) -> None:
    asked(expert)
    expert.feedback(good=True)
    done = expert.feedback(good=False)
    assert [one.state for one in expert.examples()] == ["rejected"]
    assert "--answer" in done.notes[0]
    expert.feedback(good=True)
    assert [one.state for one in expert.examples()] == ["waiting"]


def test_a_better_answer_is_traced_to_the_words_it_came_from(expert) -> None:
    asked(expert, "How is a lost debit card blocked?")
    done = expert.feedback(correction="A lost debit card is blocked by calling the bank.")
    (better,) = done.added
    assert better.sources[0].document == "documents/cards.md"
    assert span(expert, better) == ["A lost debit card is blocked by calling the bank at once."]
    states = {one.id: one.state for one in expert.examples()}
    assert states[better.id] == "waiting"
    assert sorted(states.values()) == ["rejected", "waiting"]


def test_a_marked_source_is_the_source(expert) -> None:
    asked(expert, "What of the locker?")
    (named,) = expert.feedback(sources=["documents/cards.md"]).added
    assert {one.document for one in named.sources} == {"documents/cards.md"}
    (said,) = expert.feedback(good=False, sources=["documents/fees.md"]).added
    assert said.answer in FEES.replace("\n", " ") or "900 rupees" in said.answer
    assert {one.document for one in said.sources} == {"documents/fees.md"}


def test_an_answer_that_does_not_know_teaches_nothing(expert) -> None:
    key = expert.remember("Who?", Answer("I don't know.", "rag", abstained=True))
    assert "nothing to learn" in expert.feedback(key, good=True).notes[0]
    assert "nothing to learn" in expert.feedback(key, good=False).notes[0]
    assert expert.examples() == ()
    assert expert.feedback(key, correction="Budi is the manager.").added


@pytest.mark.parametrize(
    ("arguments", "kind", "said"),
    [
        ({"answer": "ffff"}, ExampleError, "no answer"),
        ({"answer": ""}, ExampleError, "no answer"),
        ({}, ExampleError, "nothing is said"),
        ({"good": True, "correction": "x"}, ExampleError, "no better one"),
        ({"correction": "half \ud800"}, ExampleError, "half a character"),
        ({"sources": ["documents/fee.md"]}, SourceError, "no document"),
        ({"good": False, "sources": [""]}, SourceError, "no document"),
    ],
)
def test_wrong_feedback_is_one_error_and_keeps_nothing(expert, arguments, kind, said) -> None:
    asked(expert)
    given = {"good": True} if "answer" in arguments else {}
    with pytest.raises(kind, match=said) as raised:
        expert.feedback(**given, **arguments)
    assert raised.value.hint
    assert expert.examples() == ()


def test_a_leak_of_a_held_out_question_is_not_accepted(expert) -> None:
    row = {"id": "q", "question": ASKED, "answer": "50 rupees"}
    (expert.folder / "questions.jsonl").write_text(json.dumps(row) + "\n")
    asked(expert)
    (waiting,) = expert.feedback(good=True).added
    (refused,) = expert.review_examples(accept=[waiting.id])
    assert (refused.why, refused.other) == ("leak", ASKED)
    assert [one.state for one in expert.examples()] == ["waiting"]
    with pytest.raises(ExampleError, match="leak"):
        expert.edit_example(waiting.id, question=f"{ASKED} Please?", answer="It costs 50 rupees.")


def test_what_is_an_example_already_is_not_accepted_twice(expert) -> None:
    asked(expert)
    (one,) = expert.feedback(good=True).added
    turns = [{"role": turn.role, "content": turn.content} for turn in one.messages]
    (expert.folder / "examples" / "curated.jsonl").write_text(
        json.dumps({"id": "mine", "messages": turns}) + "\n"
    )
    (refused,) = expert.review_examples(accept=[one.id])
    assert (refused.why, refused.example.id) == ("duplicate", one.id)


def test_a_contradiction_to_an_accepted_example_is_said(expert) -> None:
    asked(expert)
    (one,) = expert.feedback(good=True).added
    expert.review_examples(accept=[one.id])
    done = expert.feedback(correction="A cheque book costs 60 rupees.")
    assert any("otherwise" in note for note in done.notes)
    assert any("--reject" in note for note in done.notes)
    assert {one.id: one.state for one in expert.examples()}[one.id] == "accepted"


def test_the_last_answers_are_found_by_the_beginning_of_their_id(expert) -> None:
    keys = [asked(expert), asked(expert, "What does a locker cost?")]
    last = expert.last_answers()
    assert {one.id for one in last} == set(keys)
    assert expert.feedback(keys[0][:6], good=True).answer == keys[0]
    with pytest.raises(ExampleError):
        expert.feedback(keys[0][:3], good=True)


def test_only_so_many_answers_are_kept(expert, monkeypatch) -> None:
    from pakar.flows import recent_answers

    monkeypatch.setattr(recent_answers, "_LARGEST", 2_000)
    monkeypatch.setattr(recent_answers, "KEPT", 3)
    for number in range(30):
        expert.remember(f"Question {number}?", Answer("x" * 300, "rag"))
    path = expert.folder / ".pakar" / "answers" / "recent.jsonl"
    assert path.stat().st_size < 4_000
    assert expert.last_answers()[0].question.startswith("Question 2")


_RUN = """
import os, sys, threading, time
from pakar import Answer, Expert
expert = Expert.open(sys.argv[1])
print("go", flush=True)
for number in range(1000):
    expert.remember(f"Question {number}?", Answer(f"Answer {number}.", "rag"))
    print(number, flush=True)
"""


@pytest.mark.slow
def test_a_kill_loses_no_answer_that_was_kept(expert) -> None:
    for kill_after in (1, 7):
        run = subprocess.Popen(
            [sys.executable, "-c", _RUN, str(expert.folder)], stdout=subprocess.PIPE, text=True
        )
        assert run.stdout is not None
        kept = -1
        for line in run.stdout:
            kept = -1 if line.strip() == "go" else int(line)
            if kept >= kill_after:
                run.send_signal(signal.SIGKILL)
                break
        run.wait()
        run.stdout.close()
        questions = {one.question for one in expert.last_answers()}
        assert {f"Question {number}?" for number in range(kept + 1)} <= questions


def test_status_says_when_another_training_would_pay(expert) -> None:
    newest = Adapter("lora-1", "lora", "path:x", "f", "2026", 500)
    assert worth_training(5, 0, None) == ""
    assert "pakar plan" in worth_training(LEAST, 0, None)
    assert worth_training(100, 0, newest) == ""
    assert (
        "from 50" in worth_training(100, 49, newest)
        and "train" not in worth_training(100, 49, newest).partition("training would pay")[2]
    )
    assert worth_training(100, 50, newest).endswith("pakar train")


def test_examples_accepted_in_review_are_counted_by_their_moment(expert) -> None:
    asked(expert)
    (one,) = expert.feedback(good=True).added
    folder = ExampleFolder(expert.folder / "examples")
    before = datetime.now(UTC) - timedelta(minutes=1)
    assert folder.accepted_since(before) == 0
    expert.review_examples(accept=[one.id])
    assert folder.accepted_since(before) == 1
    assert folder.accepted_since(datetime.now(UTC) + timedelta(minutes=1)) == 0
    line = '{"messages": [], "state": "accepted", "decided": "no time"}'
    (expert.folder / "examples" / "odd.jsonl").write_text(line)
    assert folder.accepted_since(before) == 1
