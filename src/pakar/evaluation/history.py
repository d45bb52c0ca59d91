"""Finished comparisons on the disk: one folder each, and which was the last.

    .pakar/comparisons/
      answers.jsonl       every answer ever given in a comparison
      ID/questions.jsonl  the questions of one comparison, in the order asked
      ID/answers.jsonl    its answers, one a line, with passages, citations and times
      ID/comparison.json, report.html, report.md

Knows files, nothing of how a comparison is made.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pakar.atomic_file import write_atomically
from pakar.errors import PakarError
from pakar.evaluation.comparison import Comparison
from pakar.evaluation.questions import Question, load_questions, to_row
from pakar.evaluation.recommend import TypeAdvice
from pakar.evaluation.record import to_line

_RESULT = "comparison.json"


@dataclass(frozen=True, slots=True)
class Before:
    """A comparison as it was: what it asked, whom, and what came of it."""

    id: str
    finished: str
    questions: list[Question]
    routes: tuple[str, ...]
    seed: int
    route: str
    tied: tuple[str, ...]
    verdict: str
    kind: str
    states: dict[str, str]
    types: tuple[TypeAdvice, ...] = ()


def keep(place: Path, done: Comparison, questions: Sequence[Question]) -> Comparison:
    """Writes a comparison's folder; the comparison that is returned names it."""
    folder = place / done.setting.id
    rows = [json.dumps(to_row(one), ensure_ascii=False) for one in questions]
    write_atomically(folder / "questions.jsonl", _bytes("\n".join(rows) + "\n"))
    lines = [to_line(one) for records in done.records.values() for one in records.values()]
    write_atomically(folder / "answers.jsonl", b"".join(lines))
    kept = replace(done, folder=str(folder), report=str(folder / "report.html"))
    kept.save(folder / "report.html")
    kept.save(folder / "report.md")
    # Last: the folder counts as finished with it.
    result = {**kept.as_json(), "states": dict(done.setting.states)}
    text = json.dumps(result, ensure_ascii=False, indent=2)
    write_atomically(folder / _RESULT, _bytes(text + "\n"))
    return kept


def last(place: Path) -> Before | None:
    """The comparison that finished last; None where there is none that can be read."""
    found = sorted(_results(place), key=lambda pair: str(pair[1].get("finished", "")))
    for folder, result in reversed(found):
        before = _before(folder, result)
        if before is not None:
            return before
    return None


def _results(place: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    for file in place.glob(f"*/{_RESULT}"):
        try:
            result = json.loads(file.read_bytes())
        except (OSError, ValueError, RecursionError):
            continue
        if isinstance(result, dict):
            yield file.parent, result


def _before(folder: Path, result: dict[str, Any]) -> Before | None:
    try:
        verdict = result["recommendation"]
        return Before(
            id=result["id"],
            finished=result["finished"],
            questions=load_questions(folder / "questions.jsonl"),
            routes=tuple(result["states"]),
            seed=int(result["seed"]),
            route=verdict["route"],
            tied=tuple(verdict["tied"]),
            verdict=verdict["verdict"],
            kind=verdict["kind"],
            states=dict(result["states"]),
            types=tuple(_type_advice(one) for one in verdict["types"]),
        )
    except (KeyError, TypeError, ValueError, PakarError):
        return None


def _type_advice(row: dict[str, Any]) -> TypeAdvice:
    return TypeAdvice(**{**row, "tied": tuple(row["tied"])})


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")
