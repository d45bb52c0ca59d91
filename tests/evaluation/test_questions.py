"""questions.jsonl is read strictly, and every fault names its line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pakar.errors import ConfigError
from pakar.evaluation.questions import Question, load_questions

GOOD = '{"id": "q1", "question": "What is the fee?"}'


def write(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "questions.jsonl"
    path.write_bytes("\n".join(lines).encode())
    return path


def test_all_that_a_line_may_hold(tmp_path: Path) -> None:
    full = {
        "id": "q2", "question": "Berapa biayanya?", "answer": ["₹500", "500 rupees"],
        "must_contain": "500", "documents": ["fees.pdf"], "answerable": False, "type": "number",
    }  # fmt: skip
    found = load_questions(write(tmp_path, GOOD, "", json.dumps(full, ensure_ascii=False), ""))
    assert found == [
        Question("q1", "What is the fee?"),
        Question(
            "q2", "Berapa biayanya?", ("₹500", "500 rupees"), ("500",), ("fees.pdf",),
            answerable=False, type="number",
        ),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{", "JSON"),
        ("[" * 100_000, "JSON"),
        ("[]", "object"),
        ('{"id": "q2"}', "question"),
        ('{"question": "What?"}', "id"),
        ('{"id": 7, "question": "What?"}', "7"),
        ('{"id": "q2", "question": " "}', "question"),
        ('{"id": "q2", "question": "What?", "answers": "x"}', "'answers'"),
        ('{"id": "q2", "question": "What?", "answer": 5}', "answer"),
        ('{"id": "q2", "question": "What?", "answer": [5]}', "answer"),
        ('{"id": "q2", "question": "What?", "answer": null}', "answer"),
        ('{"id": "q2", "question": "What?", "answerable": "no"}', "answerable"),
        ('{"id": "q2", "question": "What?", "answerable": 0}', "answerable"),
        ('{"id": "q2", "question": "What?", "type": ["x"]}', "type"),
        ('{"id": "q1", "question": "What?"}', "line 1"),
    ],
)  # fmt: skip
def test_a_fault_names_file_line_and_value(tmp_path: Path, line: str, says: str) -> None:
    path = write(tmp_path, GOOD, "", line)
    with pytest.raises(ConfigError) as raised:
        load_questions(path)
    assert f"{path}, line 3" in str(raised.value)
    assert says in str(raised.value)
    assert "\n" not in str(raised.value)
    assert raised.value.hint


def test_only_line_feeds_end_a_line(tmp_path: Path) -> None:
    # JSON allows these inside a string, and other programs write them as they are.
    odd = "What is\u2028the fee\x85?"
    path = write(tmp_path, json.dumps({"id": "q", "question": odd}, ensure_ascii=False))
    assert load_questions(path)[0].question == odd


def test_a_file_from_windows(tmp_path: Path) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.encode() + b"\r\n")
    assert [one.id for one in load_questions(path)] == ["q1"]


@pytest.mark.parametrize("content", [None, b"\xff\xfe{"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "questions.jsonl"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"questions\.jsonl") as raised:
        load_questions(path)
    assert "Errno" not in str(raised.value)
    assert raised.value.hint
