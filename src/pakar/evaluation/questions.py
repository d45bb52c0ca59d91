"""Held-out questions: one JSON object a line, read strictly.

Knows the form of `questions.jsonl` and nothing of how questions are answered or measured.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from pakar.errors import ConfigError

_KEYS = frozenset(
    {"id", "question", "answer", "must_contain", "documents", "answerable", "type", "drafted"}
)
_FORM = 'Each line has the form {"id": "q1", "question": "...", "answer": "..."}.'


@dataclass(frozen=True, slots=True)
class Question:
    """A held-out question. `answers` are reference answers, any of which is right; `documents`
    are the names of those that answer it; all but id and question may be empty. `drafted` marks one
    that was made from the documents by a program and that no person has checked."""

    id: str
    question: str
    answers: tuple[str, ...] = ()
    must_contain: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    answerable: bool = True
    type: str = ""
    drafted: bool = False


def load_questions(path: Path) -> list[Question]:
    """All questions of a file. Raises ConfigError that names the line of the first fault."""
    questions: list[Question] = []
    seen: dict[str, int] = {}
    # Not str.splitlines: JSON allows the other line ends of Unicode inside a string.
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if not line.strip():
            continue
        question = _parse(line, f"{path}, line {number}")
        if question.id in seen:
            raise ConfigError(
                f"{path}, line {number}: the id {question.id!r} stands in line "
                f"{seen[question.id]} already",
                hint="Give each question an id of its own.",
            )
        seen[question.id] = number
        questions.append(question)
    return questions


def to_row(question: Question) -> dict[str, object]:
    """A question as `questions.jsonl` holds it, without what is empty or usual."""
    row: dict[str, object] = {"id": question.id, "question": question.question}
    if question.answers:
        several = len(question.answers) > 1
        row["answer"] = list(question.answers) if several else question.answers[0]
    for key in ("must_contain", "documents"):
        if values := getattr(question, key):
            row[key] = list(values)
    if not question.answerable:
        row["answerable"] = False
    if question.type:
        row["type"] = question.type
    if question.drafted:
        row["drafted"] = True
    return row


def read_text(path: Path) -> str:
    """A file of questions as text, without a byte order mark. Raises ConfigError."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigError(
            f"{path}: cannot be read: {error.strerror or error}", hint="Check the path."
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{path}: is not UTF-8 (byte {error.start})", hint="Save the file as UTF-8."
        ) from error


def _parse(line: str, where: str) -> Question:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{where}: not valid JSON: {error}", hint=_FORM) from error
    if not isinstance(row, dict):
        raise ConfigError(f"{where}: not a JSON object", hint=_FORM)
    unknown = sorted(set(row) - _KEYS)
    if unknown:
        raise ConfigError(
            f"{where}: unknown key {unknown[0]!r}", hint=f"Known: {', '.join(sorted(_KEYS))}."
        )
    kind = row.get("type", "")
    if not isinstance(kind, str):
        raise ConfigError(f"{where}: type is {kind!r}, not a text", hint=_FORM)
    return Question(
        id=_text(row, "id", where),
        question=_text(row, "question", where),
        answers=_texts(row, "answer", where),
        must_contain=_texts(row, "must_contain", where),
        documents=_texts(row, "documents", where),
        answerable=_flag(row, "answerable", True, where),
        type=kind,
        drafted=_flag(row, "drafted", False, where),
    )


def _text(row: dict[str, object], key: str, where: str) -> str:
    value = row.get(key)
    if not isinstance(value, str) or not value.strip():
        raise ConfigError(f"{where}: {key} is {value!r}, not a text", hint=_FORM)
    return value


def _flag(row: dict[str, object], key: str, usual: bool, where: str) -> bool:
    value = row.get(key, usual)
    if not isinstance(value, bool):
        raise ConfigError(f"{where}: {key} is {value!r}, not true or false", hint=_FORM)
    return value


def _texts(row: dict[str, object], key: str, where: str) -> tuple[str, ...]:
    value = row.get(key, [])
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
        raise ConfigError(f"{where}: {key} is {value!r}, not a text or a list of texts", hint=_FORM)
    return tuple(listed)
