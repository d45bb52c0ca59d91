"""Whether held-out questions can carry a verdict: doubles, leaks, gaps, what their number shows.

Knows questions, and the training examples as texts.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from pakar.evaluation.measures import is_scored
from pakar.evaluation.power import ASSUMED_SPREAD, smallest_difference
from pakar.evaluation.questions import Question
from pakar.language.near_questions import doubles, nearest_known

_ROUTES_ASSUMED = 3


@dataclass(frozen=True, slots=True)
class Leak:
    """A held-out question that a training example (nearly) repeats."""

    question: str
    example: str
    place: str
    similarity: float


@dataclass(frozen=True, slots=True)
class QuestionCheck:
    """What was found. `doubles` are ids of questions and of those that they repeat; `unknown` are
    ids of questions whose documents are not in the index, `bare` of those that cannot be scored.
    `detectable` is the smallest difference of scores that so many questions show four times in
    five, among three routes; infinite where none can be shown."""

    questions: int
    unanswerable: int
    drafted: int
    types: dict[str, int]
    doubles: tuple[tuple[str, str], ...]
    leaks: tuple[Leak, ...]
    unknown: tuple[str, ...]
    bare: tuple[str, ...]
    detectable: float

    @property
    def says(self) -> str:
        """What the number of questions can show, in one sentence."""
        if math.isinf(self.detectable) or self.detectable > 1:
            return f"With {self.questions} questions no difference of any size can be shown."
        return (
            f"With {self.questions} questions and {_ROUTES_ASSUMED} routes a difference below "
            f"{100 * self.detectable:.0f} points will not be seen for sure (assumed spread "
            f"{ASSUMED_SPREAD:g}; measured once you compare)."
        )


def check(
    questions: Sequence[Question], examples: Sequence[tuple[str, str]], documents: Collection[str]
) -> QuestionCheck:
    """`examples` are training questions with where they stand, `documents` the index's names; no
    documents at all check none."""
    texts = [one.question for one in questions]
    known = [text for text, _ in examples]
    scored = sum(is_scored(one) for one in questions)
    pairs = _ROUTES_ASSUMED * (_ROUTES_ASSUMED - 1) // 2
    return QuestionCheck(
        questions=len(questions),
        unanswerable=sum(not one.answerable for one in questions),
        drafted=sum(one.drafted for one in questions),
        types=dict(Counter(one.type or "(none)" for one in questions).most_common()),
        doubles=tuple((questions[m.index].id, questions[m.known].id) for m in doubles(texts)),
        leaks=tuple(
            Leak(questions[m.index].id, known[m.known], examples[m.known][1], m.similarity)
            for m in nearest_known(texts, known)
        ),
        unknown=tuple(
            one.id for one in questions if documents and not set(one.documents) <= set(documents)
        ),
        bare=tuple(one.id for one in questions if not is_scored(one)),
        detectable=smallest_difference(scored, comparisons=pairs),
    )


def training_questions(folder: Path) -> list[tuple[str, str]]:
    """The questions of all examples in a folder of JSON Lines, each with its file and line.

    Lines that hold no question are passed over: `pakar examples check` is the place to hear of
    them.
    """
    found = []
    for file in sorted(folder.glob("*.jsonl")):
        text = file.read_text(encoding="utf-8-sig", errors="replace")
        for number, line in enumerate(text.split("\n"), start=1):
            question = _asked(line)
            if question:
                found.append((question, f"{file.name}, line {number}"))
    return found


def _asked(line: str) -> str:
    try:
        row = json.loads(line)
        messages = row.get("messages")
        if messages is None:
            return str(row.get("question") or row.get("prompt") or "")
        asked = [str(turn["content"]) for turn in messages if turn["role"] == "user"]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return ""
    return asked[-1] if asked else ""
