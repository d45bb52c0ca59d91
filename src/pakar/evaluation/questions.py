"""Held-out questions: one JSON object a line, read strictly.

Knows the form of `questions.jsonl` and nothing of how questions are answered or measured.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from pakar.errors import ConfigError

_KEYS = frozenset({"id", "question", "answer", "must_contain", "documents", "answerable", "type"})
_FORM = 'Each line has the form {"id": "q1", "question": "...", "answer": "..."}.'


@dataclass(frozen=True, slots=True)
class Question:
    """A held-out question. `answers` are reference answers, any of which is right; `documents`
    are the names of those that answer it; all but id and question may be empty."""

    id: str
    question: str
    answers: tuple[str, ...] = ()
    must_contain: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    answerable: bool = True
    type: str = ""


def load_questions(path: Path) -> list[Question]:
    """All questions of a file. Raises ConfigError that names the line of the first fault."""
    questions: list[Question] = []
    seen: dict[str, int] = {}
    for number, line in enumerate(_lines(path), start=1):
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


def _lines(path: Path) -> list[str]:
    # Not str.splitlines: JSON allows the other line ends of Unicode inside a string.
    try:
        return path.read_text(encoding="utf-8-sig").split("\n")
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
    answerable = row.get("answerable", True)
    if not isinstance(answerable, bool):
        raise ConfigError(f"{where}: answerable is {answerable!r}, not true or false", hint=_FORM)
    kind = row.get("type", "")
    if not isinstance(kind, str):
        raise ConfigError(f"{where}: type is {kind!r}, not a text", hint=_FORM)
    return Question(
        id=_text(row, "id", where),
        question=_text(row, "question", where),
        answers=_texts(row, "answer", where),
        must_contain=_texts(row, "must_contain", where),
        documents=_texts(row, "documents", where),
        answerable=answerable,
        type=kind,
    )


def _text(row: dict[str, object], key: str, where: str) -> str:
    value = row.get(key)
    if not isinstance(value, str) or not value.strip():
        raise ConfigError(f"{where}: {key} is {value!r}, not a text", hint=_FORM)
    return value


def _texts(row: dict[str, object], key: str, where: str) -> tuple[str, ...]:
    value = row.get(key, [])
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
        raise ConfigError(f"{where}: {key} is {value!r}, not a text or a list of texts", hint=_FORM)
    return tuple(listed)
