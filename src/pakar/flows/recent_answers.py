"""The last answers of an expert, so that a person can say of one that it was right or wrong.

One line each in `.pakar/answers/recent.jsonl`; it never leaves the machine, and only the newest
are kept. Knows answers, not what is said of them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from pakar.atomic_file import append_line, write_atomically
from pakar.errors import ExampleError
from pakar.evaluation.record import answer_of, answer_row
from pakar.flows.workplace import Workplace
from pakar.index.lock import writing
from pakar.types import Answer

KEPT = 200
LAST = "last"
_LARGEST = 4_000_000
_SHORTEST = 4


@dataclass(frozen=True, slots=True)
class Given:
    """An answer that was given: its id (from its content), when, and to what."""

    id: str
    at: str
    question: str
    answer: Answer


def given(question: str, answer: Answer) -> Given:
    """An answer with its id: equal for equal questions, answers and routes."""
    text = f"{question}\x00{answer.route}\x00{answer.text}"
    key = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    at = datetime.now(UTC).isoformat(timespec="seconds")
    return Given(key, at, question, replace(answer, prompt=()))


def remember(place: Workplace, question: str, answer: Answer) -> str:
    """Keeps an answer and gives its id; it is on the disk when this returns."""
    one = given(question, answer)
    row = {
        "id": one.id,
        "at": one.at,
        "question": one.question,
        "answer": answer_row(one.answer),
    }
    path = _path(place)
    with writing(path.parent):
        append_line(path, json.dumps(row, ensure_ascii=True).encode())
        if path.stat().st_size > _LARGEST:
            lines = [line for line in path.read_bytes().split(b"\n") if line][-KEPT:]
            write_atomically(path, b"\n".join(lines) + b"\n")
    return one.id


def recent(place: Workplace) -> list[Given]:
    """The kept answers, the newest first; one that was given again counts once."""
    found = {one.id: one for one in _read(_path(place))}
    return sorted(found.values(), key=lambda one: one.at, reverse=True)[:KEPT]


def find(place: Workplace, key: str) -> Given:
    """By id, the beginning of one, or "last". Raises ExampleError where none or several fit."""
    known = list(_read(_path(place)))
    if key == LAST and known:
        return known[-1]
    matching = {one.id: one for one in known if len(key) >= _SHORTEST and one.id.startswith(key)}
    if len(matching) == 1:
        return next(iter(matching.values()))
    problem = "fits several answers" if matching else "names no answer that was given lately"
    raise ExampleError(f"{key!r:.60} {problem}", hint="See: pakar feedback --list")


def _path(place: Workplace) -> Path:
    return place.derived / "answers" / "recent.jsonl"


def _read(path: Path) -> Iterator[Given]:
    if not path.is_file():
        return
    for line in path.read_bytes().split(b"\n"):
        try:
            row = json.loads(line)
            yield Given(row["id"], row["at"], row["question"], answer_of(row["answer"]))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            continue  # empty, or cut off by a kill
