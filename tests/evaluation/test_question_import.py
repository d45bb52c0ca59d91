"""Tables and JSON lines become questions; a bad row is named and costs no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from pakar.errors import ConfigError
from pakar.evaluation.question_import import import_questions
from pakar.evaluation.questions import Question, load_questions


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8", newline="")
    return path


def test_a_table_comes_in(tmp_path: Path) -> None:
    source = write(
        tmp_path / "q.csv",
        "\ufeffQuestion,Expected,Keywords,Source,Answerable,Category\r\n"
        '"What does a\ncheque book cost?","50, in all",50|rupees,fees.md,yes,fee\r\n'
        "\r\n"
        "Who will win?,,,,no,\r\n"
        ",nothing,,,,\r\n"
        "When?,x,,,perhaps,\r\n",
    )
    target = tmp_path / "questions.jsonl"
    done = import_questions(source, target)
    first, second = load_questions(target)
    assert first == Question(
        first.id, "What does a\ncheque book cost?", ("50, in all",), ("50", "rupees"),
        ("fees.md",), type="fee",
    )  # fmt: skip
    assert (second.question, second.answerable) == ("Who will win?", False)
    assert [(one.line, one.reason) for one in done.refused] == [
        (6, "has no question"), (7, "answerable is 'perhaps', not yes or no"),
    ]  # fmt: skip


def test_json_lines_come_in(tmp_path: Path) -> None:
    source = write(
        tmp_path / "q.jsonl",
        '{"id": "a", "prompt": "What?", "answers": ["one", "two"], "drafted": true}\n'
        'nonsense\n[]\n{"question": 7}\n{"id": "a", "query": "And when?"}\n',
    )
    target = tmp_path / "questions.jsonl"
    done = import_questions(source, target)
    found = load_questions(target)
    assert found[0] == Question("a", "What?", ("one", "two"), drafted=True)
    assert found[1].question == "And when?" and found[1].id != "a"
    assert [one.line for one in done.refused] == [2, 3, 4]


def test_what_is_there_stays_and_comes_in_once(tmp_path: Path) -> None:
    target = write(tmp_path / "questions.jsonl", '{"id": "q1", "question": "What?"}')
    source = write(tmp_path / "q.tsv", "question\tanswer\nWHAT\tx\nWhen?\ty\n")
    done = import_questions(source, target)
    assert (len(done.added), done.known) == (1, 1)
    assert target.read_text().startswith('{"id": "q1", "question": "What?"}\n{')
    again = import_questions(source, target)
    assert (len(again.added), again.known) == (0, 2)


def test_semicolons_part_cells_too(tmp_path: Path) -> None:
    source = write(tmp_path / "q.csv", "Pertanyaan;Jawaban\nBerapa, tepatnya?;50\n")
    target = tmp_path / "questions.jsonl"
    import_questions(source, target)
    assert load_questions(target)[0].answers == ("50",)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("q.xlsx", b"PK", "do not come from .xlsx"),
        ("q.csv", b"text,answer\nx,y\n", "no column is called question"),
        ("q.csv", b"", "no column is called question"),
        ("q.csv", b"\xff\xfe", "is not UTF-8"),
        ("gone.csv", None, "cannot be read"),
    ],
)
def test_a_file_that_is_none_is_one_line(
    tmp_path: Path, name: str, content: bytes | None, says: str
) -> None:
    source = tmp_path / name
    if content is not None:
        source.write_bytes(content)
    with pytest.raises(ConfigError, match=says) as raised:
        import_questions(source, tmp_path / "questions.jsonl")
    assert raised.value.hint
    assert not (tmp_path / "questions.jsonl").exists()
