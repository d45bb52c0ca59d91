"""From answers to figures: what each route measured, with intervals, in all and by type.

Knows records and statistics, nothing of what they are good for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

import numpy as np
from numpy.typing import NDArray

from pakar.evaluation.bootstrap import Interval, intervals
from pakar.evaluation.measures import MEASURES, SCORE
from pakar.evaluation.questions import Question
from pakar.evaluation.record import Record
from pakar.evaluation.tied import Sampling, Standing, stand

# A type with fewer questions than this is not compared on its own.
FEWEST_OF_TYPE = 8
Measured = Mapping[str, Mapping[str, Mapping[str, float]]]
Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Cost:
    """What a route costs; None where it was not measured.

    `latency_s` and `first_token_s` are medians without the first answer, which loads models.
    `memory_mb` is the peak of a process that does nothing but answer by this route, in 10^6
    bytes. `training_s` is what its adapter took, 0 without one; `upkeep_s` what one changed
    document takes until answers know it: to index it again, or to train again. `answer_wh` and
    `training_wh` are estimates of the energy, in watt-hours.
    """

    latency_s: float | None = None
    first_token_s: float | None = None
    memory_mb: float | None = None
    training_s: float = 0.0
    upkeep_s: float | None = None
    answer_wh: float | None = None
    training_wh: float = 0.0


@dataclass(frozen=True, slots=True)
class RouteResult:
    """What was measured of a route. `metrics` has those that any question had a value for."""

    name: str
    metrics: Mapping[str, Interval]
    cost: Cost
    answered: int
    failed: int
    error: str = ""
    has_model: bool = False
    has_sources: bool = False
    spec: str = ""
    adapter: str = ""
    stale: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TypeResult:
    """One type of question by itself; the claims share their level with all other types."""

    type: str
    questions: int
    standing: Standing
    metrics: Mapping[str, Interval] = field(default_factory=dict)


def column(
    name: str, questions: Sequence[Question], measured: Mapping[str, Mapping[str, float]]
) -> Values:
    """One measure's values in the order of the questions, NaN where there is none."""
    return np.array(
        [measured.get(question.id, {}).get(name, np.nan) for question in questions], dtype=float
    )


def route_metrics(
    questions: Sequence[Question], measured: Mapping[str, Mapping[str, float]], seed: int
) -> dict[str, Interval]:
    """The mean of each measure with its 95% interval."""
    found = {}
    for one in MEASURES:
        values = column(one.name, questions, measured)
        values = values[np.isfinite(values)]
        if len(values):
            found[one.name] = intervals(values[:, None], seed=seed)[0]
    return found


def standings(questions: Sequence[Question], measured: Measured, seed: int) -> dict[str, Standing]:
    """All routes against each other on each paired measure. Less is better for some: see BY_NAME.

    The difference of a pair is always a - b as measured; who leads heeds the direction.
    """
    found = {}
    for one in MEASURES:
        if not one.paired:
            continue
        sign = 1.0 if one.up else -1.0
        values = {
            route: sign * column(one.name, questions, rows) for route, rows in measured.items()
        }
        standing = stand(one.name, values, sampling=Sampling(seed))
        if standing.means:
            found[one.name] = standing if one.up else standing.negated()
    return found


def by_type(questions: Sequence[Question], measured: Measured, seed: int) -> list[TypeResult]:
    """The score by type of question, the most frequent type first."""
    groups: dict[str, list[Question]] = {}
    for question in questions:
        if question.type:
            groups.setdefault(question.type, []).append(question)
    large = {name: some for name, some in groups.items() if len(some) >= FEWEST_OF_TYPE}
    found = []
    for name, some in sorted(large.items(), key=lambda pair: (-len(pair[1]), pair[0])):
        values = {route: column(SCORE, some, rows) for route, rows in measured.items()}
        standing = stand(SCORE, values, families=len(large), sampling=Sampling(seed))
        means = {}
        for route, row in values.items():
            kept = row[np.isfinite(row)]
            if len(kept):
                means[route] = intervals(kept[:, None], seed=seed)[0]
        if standing.pairs:
            found.append(TypeResult(name, len(some), standing, means))
    return found


def medians(records: Mapping[str, Record]) -> tuple[float | None, float | None]:
    """Seconds until the whole answer and until its first words; None without a warm answer."""
    warm = [one.answer.timings for one in records.values() if one.answer and not one.cold]
    if not warm:
        return None, None
    return median(one.total for one in warm), median(one.first_token for one in warm)


def with_measure(
    measured: Measured, name: str, found: Mapping[str, Mapping[str, float]]
) -> dict[str, dict[str, dict[str, float]]]:
    """The measures with one more, whose values were found by route and question."""
    return {
        route: {
            question: {**values, name: found[route][question]}
            if question in found.get(route, {})
            else dict(values)
            for question, values in rows.items()
        }
        for route, rows in measured.items()
    }
