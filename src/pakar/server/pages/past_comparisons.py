"""Comparisons that were finished, as a list; and what routes took in them. Knows files only."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pakar.errors import PakarError
from pakar.evaluation.questions import load_questions

_RESULT = "comparison.json"


@dataclass(frozen=True, slots=True)
class Past:
    """One comparison; `latency` are seconds an answer by route."""

    id: str
    finished: str
    questions: int
    verdict: str
    latency: Mapping[str, float]


def past(folder: Path) -> list[Past]:
    """The newest first. What cannot be read is left out."""
    found = [one for file in folder.glob(f"*/{_RESULT}") if (one := _read(file))]
    return sorted(found, key=lambda one: one.finished, reverse=True)


def seconds_by_route(folder: Path) -> dict[str, float]:
    """Seconds an answer, each from the newest comparison that the route took part in."""
    took: dict[str, float] = {}
    for one in past(folder):
        for name, seconds in one.latency.items():
            took.setdefault(name, seconds)
    return took


def count_questions(file: Path) -> int:
    """How many a comparison could ask; 0 where the file is missing or wrong."""
    try:
        return len(load_questions(file)) if file.is_file() else 0
    except PakarError:
        return 0


def _read(file: Path) -> Past | None:
    try:
        result = json.loads(file.read_bytes())
        return Past(
            file.parent.name,
            str(result["finished"]),
            int(result["questions"]),
            str(result["recommendation"]["verdict"]),
            {
                str(one["name"]): float(one["latency_s"])
                for one in result["routes"]
                if one["latency_s"] is not None
            },
        )
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
