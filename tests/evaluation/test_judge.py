"""A judge's word counts as far as it agrees with labels of a person."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from sklearn.metrics import cohen_kappa_score

from pakar.errors import ConfigError
from pakar.evaluation.judge import agreement, judged, load_labels, prompt
from pakar.evaluation.questions import Question
from pakar.types import Answer

QUESTION = Question("q1", "What does a locker cost?", ("1,500 rupees",))
ANSWER = Answer("It costs 1,500 rupees a year.", "rag+lora")


@pytest.mark.parametrize("seed", range(20))
def test_kappa_is_that_of_the_reference(seed: int) -> None:
    chance = random.Random(seed)
    keys = [(str(number), "rag") for number in range(50)]
    said = {key: chance.random() < 0.6 for key in keys}
    labels = {key: right if chance.random() < 0.8 else not right for key, right in said.items()}
    found = agreement(said, labels)
    expected = cohen_kappa_score([said[key] for key in keys], [labels[key] for key in keys])
    assert found.kappa == pytest.approx(expected, abs=1e-9)
    assert found.labels == 50


def test_without_labels_nothing_is_claimed() -> None:
    assert "not checked" in agreement({("q1", "rag"): True}, {}).says("path:judge")


def test_the_judge_is_not_told_which_route_answered() -> None:
    turns = prompt(QUESTION, ANSWER)
    assert all("lora" not in one.content for one in turns)
    assert "1,500 rupees a year" in turns[-1].content


@pytest.mark.parametrize(
    ("reply", "right"),
    [('{"right": true}', True), ('Sure!\n{ "right" : false }', False), ("It is right.", None)],
)
def test_a_verdict_is_read_or_there_is_none(reply: str, right: bool | None) -> None:
    assert judged(QUESTION, ANSWER, lambda _: reply) is right


def test_a_bad_label_is_named_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "labels.jsonl"
    file.write_text('{"question": "q1", "route": "rag", "right": true}\n{"question": "q2"}\n')
    with pytest.raises(ConfigError, match="line 2"):
        load_labels(file)
