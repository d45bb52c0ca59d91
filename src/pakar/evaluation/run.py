"""Every route over every question, interleaved, so that whatever is done is paired.

What fails is one line and counts as missing; a route that fails again and again is given up and
the others go on. Knows routes as functions from a question to an answer.
"""

from __future__ import annotations

import random
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from pakar.errors import PakarError
from pakar.evaluation.journal import Journal
from pakar.evaluation.questions import Question
from pakar.evaluation.record import Record, hash_of
from pakar.types import Answer

# A route that failed so often in a row is not asked any more: an endpoint that is down would cost
# its time limit for every question.
PATIENCE = 5


@dataclass(frozen=True, slots=True)
class Candidate:
    """A route that takes part. `count_tokens` counts an answer's; None where there is no model."""

    name: str
    fingerprint: str
    answer: Callable[[str], Answer]
    count_tokens: Callable[[str], int] | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """`seconds_left` is None until each route has answered twice."""

    done: int
    total: int
    route: str
    seconds_left: float | None
    failed: int


@dataclass(frozen=True, slots=True)
class Ran:
    """`records[route][question id]`; `asked` are the questions that all routes had their turn at.

    `given_up` says, by route, why it was not asked any more; `notes` what the reader must know.
    """

    records: dict[str, dict[str, Record]]
    asked: tuple[Question, ...]
    given_up: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


Report = Callable[[Progress], None]


def selected(questions: Sequence[Question], limit: int, seed: int) -> list[Question]:
    """The questions in a random order that the seed fixes; the first `limit` of them if any.

    A smaller limit selects a part of what a larger one does, so that answers are used again.
    """
    order = sorted(questions, key=lambda one: one.id)
    random.Random(seed).shuffle(order)
    return order[: limit or None]


def run(
    candidates: Sequence[Candidate],
    questions: Sequence[Question],
    journal: Journal,
    *,
    budget: float = 0.0,
    report: Report | None = None,
) -> Ran:
    """Asks what the journal does not hold yet. `budget` is in seconds; 0 is none.

    The budget ends the run between two questions, and when the next one would not fit into it.
    """
    state = _State(candidates, questions, journal, report)
    for place, question in enumerate(questions):
        if budget and state.exceeds(budget):
            note = (
                f"The budget of {budget:,.0f} s ended after {place} of {len(questions)} questions."
            )
            return state.ran(questions[:place], note)
        for candidate in candidates:
            state.take(candidate, question)
    return state.ran(questions)


class _State:
    """What is done, what it took, and who has failed how often."""

    def __init__(
        self,
        candidates: Sequence[Candidate],
        questions: Sequence[Question],
        journal: Journal,
        report: Report | None,
    ) -> None:
        self._candidates = candidates
        self._total = len(questions) * len(candidates)
        self._journal = journal
        self._open = {
            one.name: sum(journal.get(one.fingerprint, hash_of(q)) is None for q in questions)
            for one in candidates
        }
        self._report = report
        self._started = time.monotonic()
        self._records: dict[str, dict[str, Record]] = {one.name: {} for one in candidates}
        self._seconds: dict[str, list[float]] = defaultdict(list)
        self._warm: set[str] = set()
        self._failures: dict[str, int] = defaultdict(int)
        self._given_up: dict[str, str] = {}
        self._failed = 0

    def take(self, candidate: Candidate, question: Question) -> None:
        known = self._journal.get(candidate.fingerprint, hash_of(question))
        if known is not None:
            known = known.named(question.id, candidate.name)
        elif candidate.name in self._given_up:
            known = self._missing(candidate, question)
        else:
            known = self._asked(candidate, question)
            self._journal.add(known)
            self._open[candidate.name] -= 1
        self._records[candidate.name][question.id] = known
        if self._report is not None:
            done = sum(len(rows) for rows in self._records.values())
            left = self._left()
            self._report(Progress(done, self._total, candidate.name, left, self._failed))

    def exceeds(self, budget: float) -> bool:
        spent = time.monotonic() - self._started
        following = sum(
            self._mean(one.name) or 0.0 for one in self._candidates if self._open[one.name]
        )
        return spent + following > budget

    def ran(self, asked: Sequence[Question], note: str = "") -> Ran:
        return Ran(self._records, tuple(asked), self._given_up, (note,) if note else ())

    def _asked(self, candidate: Candidate, question: Question) -> Record:
        started = time.perf_counter()
        answer, error = _tried(candidate, question)
        seconds = time.perf_counter() - started
        cold = candidate.name not in self._warm
        self._warm.add(candidate.name)
        if not cold:
            self._seconds[candidate.name].append(seconds)
        self._count(candidate, error)
        return Record(
            candidate.name,
            question.id,
            hash_of(question),
            candidate.fingerprint,
            answer,
            answer.timings.total if answer else seconds,
            error=error,
            cold=cold,
            tokens=_tokens(candidate, answer),
        )

    def _count(self, candidate: Candidate, error: str) -> None:
        self._failures[candidate.name] = self._failures[candidate.name] + 1 if error else 0
        self._failed += bool(error)
        if self._failures[candidate.name] >= PATIENCE:
            self._given_up[candidate.name] = error

    def _missing(self, candidate: Candidate, question: Question) -> Record:
        why = f"not asked, after {PATIENCE} failures in a row"
        return Record(
            candidate.name, question.id, hash_of(question), candidate.fingerprint, None, 0.0, why
        )

    def _mean(self, name: str) -> float | None:
        taken = self._seconds[name]
        return sum(taken) / len(taken) if taken else None

    def _left(self) -> float | None:
        """Seconds for what is left, if the rest takes as long as what was asked in this run."""
        total = 0.0
        for one in self._candidates:
            left = self._open[one.name]
            if left and one.name not in self._given_up:
                mean = self._mean(one.name)
                if mean is None:
                    return None
                total += left * mean
        return total


def _tried(candidate: Candidate, question: Question) -> tuple[Answer | None, str]:
    try:
        return candidate.answer(question.question), ""
    except PakarError as error:
        return None, str(error)
    except Exception as error:  # a back-end of others may raise anything; the rest is measured
        first = (str(error).splitlines() or [""])[0]
        return None, f"{type(error).__name__}: {first:.200}"


def _tokens(candidate: Candidate, answer: Answer | None) -> int:
    if answer is None or candidate.count_tokens is None:
        return 0
    return candidate.count_tokens(answer.text)
