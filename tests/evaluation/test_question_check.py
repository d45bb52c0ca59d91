"""Doubles, leaks and gaps are found before anything is measured."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pakar.evaluation.question_check import check, training_questions
from pakar.evaluation.questions import Question
from pakar.language.near_questions import doubles, nearest_known, plain


@pytest.mark.parametrize(
    ("one", "other", "near"),
    [
        ("What does a cheque book cost?", "what does a cheque book cost", True),
        ("What does a cheque book cost?", "What does one cheque book cost?", True),
        ("How do I apply for a loan?", "How do I apply for a card?", False),
        ("Which awards were won in 2022?", "Which awards were won in 2023?", False),
        ("Is ZX Bank open on Sunday?", "Which awards did ZX Bank win?", False),
    ],
)
def test_near_copies(one: str, other: str, near: bool) -> None:
    assert bool(list(nearest_known([one], [other]))) is near


@given(st.lists(st.text(min_size=1, max_size=30), min_size=1, max_size=8))
def test_a_text_is_its_own_copy(texts: list[str]) -> None:
    found = {match.index: match for match in nearest_known(texts, texts)}
    assert set(found) == set(range(len(texts)))
    assert all(match.similarity == 1 for match in found.values())
    twice = list(doubles([*texts, *texts]))
    assert {match.index for match in twice} >= set(range(len(texts), 2 * len(texts)))
    assert all(match.known < match.index for match in twice)


@given(st.text())
def test_plain_is_stable(text: str) -> None:
    assert plain(plain(text)) == plain(text)


def test_all_that_a_check_finds(tmp_path: Path) -> None:
    (tmp_path / "curated.jsonl").write_text(
        '{"messages": [{"role": "user", "content": "What does a locker cost?"},'
        ' {"role": "assistant", "content": "900"}]}\n'
        '{"question": "How do I block a card?"}\nnonsense\n[]\n{"messages": [7]}\n'
    )
    questions = [
        Question("a", "What does a cheque book cost?", ("50",), documents=("fees.md",)),
        Question("b", "What does a cheque book cost??", ("50",), documents=("gone.md",)),
        Question("c", "What does a locker cost?", ("900",), type="fee", drafted=True),
        Question("d", "Who leads the bank?"),
        Question("e", "Who will win?", answerable=False),
    ]
    examples = training_questions(tmp_path)
    assert [place for _, place in examples] == ["curated.jsonl, line 1", "curated.jsonl, line 2"]
    found = check(questions, examples, ["fees.md"])
    assert found.doubles == (("b", "a"),)
    assert [(one.question, one.place) for one in found.leaks] == [("c", "curated.jsonl, line 1")]
    assert (found.unknown, found.bare) == (("b",), ("d",))
    assert (found.questions, found.unanswerable, found.drafted) == (5, 1, 1)
    assert found.types == {"(none)": 4, "fee": 1}
    assert math.isinf(found.detectable)
    assert "no difference of any size" in found.says


def test_what_so_many_questions_can_show_is_said() -> None:
    many = [Question(f"q{i}", f"What is number {i * 7919}?", ("x",)) for i in range(60)]
    assert "a difference below 17 points will not be seen" in check(many, [], []).says


def test_without_an_index_no_document_is_missed() -> None:
    assert check([Question("a", "What?", documents=("x.md",))], [], []).unknown == ()
