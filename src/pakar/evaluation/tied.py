"""All routes against each other on one measure: which of them can be told apart.

The claim that is protected is "this route is the best": where two or more are equally good, a
single one is named with a probability of at most 5%, as Holm's correction runs over all pairs.
Knows names and numbers, nothing of questions.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from pakar.evaluation import bootstrap, paired_tests
from pakar.evaluation.paired_tests import holm, is_binary
from pakar.evaluation.power import LEVEL, questions_needed, smallest_difference

Values = NDArray[np.float64]
# With fewer questions in common nothing is said of a route.
FEWEST = 3


@dataclass(frozen=True, slots=True)
class Pair:
    """`a` against `b` on one measure, over the `count` questions that both have a value for.

    `difference` is the mean of a - b. `low` and `high` bound it so that all intervals of one
    measure hold together with 95% probability; `p` is corrected for all pairs of the measure.
    `spread` is the standard deviation of the differences, `detectable` the smallest difference
    that this number of questions would have shown four times in five.
    """

    a: str
    b: str
    metric: str
    difference: float
    low: float
    high: float
    p: float
    count: int
    spread: float
    detectable: float

    @property
    def differ(self) -> bool:
        return self.p < LEVEL

    def touches(self, route: str) -> bool:
        return route in (self.a, self.b)


@dataclass(frozen=True, slots=True)
class Standing:
    """Who leads on one measure, who cannot be told apart from the leader, and all pairs.

    `tied` has the leader first and then the others by mean. Both are empty without values.
    """

    metric: str
    leader: str
    tied: tuple[str, ...]
    pairs: tuple[Pair, ...]
    means: Mapping[str, float]

    def among(self, routes: Collection[str]) -> Standing:
        """The same where only these routes may be chosen; what was tested stays as it was."""
        means = {name: mean for name, mean in self.means.items() if name in routes}
        pairs = tuple(one for one in self.pairs if one.a in means and one.b in means)
        return _standing(self.metric, means, pairs)

    def negated(self) -> Standing:
        """Differences and means with the other sign; who leads and who is tied stays."""
        pairs = tuple(_turned(one, swap=False) for one in self.pairs)
        means = {name: -mean for name, mean in self.means.items()}
        return replace(self, pairs=pairs, means=means)

    def pair(self, a: str, b: str) -> Pair | None:
        """The comparison of two routes, `difference` being a - b."""
        for one in self.pairs:
            if (one.a, one.b) == (a, b):
                return one
            if (one.a, one.b) == (b, a):
                return _turned(one)
        return None


@dataclass(frozen=True, slots=True)
class Sampling:
    """How much is drawn at random, and from which seed."""

    seed: int = 0
    resamples: int = bootstrap.RESAMPLES
    flips: int = paired_tests.FLIPS


def stand(
    metric: str,
    values: Mapping[str, Values],
    *,
    families: int = 1,
    sampling: Sampling = Sampling(),
) -> Standing:
    """Compares routes on one measure; NaN is a missing value, more is better.

    All arrays have one entry a question, in the same order. `families` is the number of such
    comparisons that share the level (one for each type of question, for instance). Routes that
    share too few questions with the others are left out.
    """
    names = _comparable(values)
    means = {name: float(np.nanmean(values[name])) for name in names}
    ordered = sorted(names, key=lambda name: -means[name])
    drawn = list(combinations(ordered, 2))
    pairs = _pairs(metric, drawn, values, families, sampling)
    return _standing(metric, means, pairs)


def _standing(metric: str, means: Mapping[str, float], pairs: Sequence[Pair]) -> Standing:
    ordered = sorted(means, key=lambda name: -means[name])
    if not ordered:
        return Standing(metric, "", (), (), {})
    leader = ordered[0]
    lost = {
        one.b if one.difference > 0 else one.a
        for one in pairs
        if one.differ and one.touches(leader)
    }
    tied = tuple(name for name in ordered if name == leader or name not in lost)
    return Standing(metric, leader, tied, tuple(pairs), dict(means))


def more_questions(pair: Pair, comparisons: int) -> int | None:
    """How many more questions would show the difference seen, were it real; None for no difference.

    The figure says how large an effort is, not that it would succeed: the difference seen is
    itself uncertain.
    """
    if pair.difference == 0 or pair.spread == 0:
        return None
    needed = questions_needed(pair.difference, pair.spread, comparisons=comparisons)
    return max(1, needed - pair.count)


def _comparable(values: Mapping[str, Values]) -> list[str]:
    """Routes that share enough questions with the one that has the most values."""
    answered = {name: np.isfinite(row) for name, row in values.items()}
    if not answered:
        return []
    fullest = max(answered.values(), key=lambda row: int(row.sum()))
    return [name for name, row in answered.items() if (row & fullest).sum() >= FEWEST]


def _pairs(
    metric: str,
    drawn: Sequence[tuple[str, str]],
    values: Mapping[str, Values],
    families: int,
    sampling: Sampling,
) -> list[Pair]:
    columns = [_difference(values[a], values[b]) for a, b in drawn]
    tests = max(1, len(drawn) * families)
    # All tests of all families share the level; Holm's steps within the family stay valid.
    adjusted = [min(1.0, one * families) for one in holm(_tested(columns, sampling))]
    bounds = _bounded(columns, 1 - LEVEL / tests, sampling)
    return [
        _pair(metric, ab, column, bound, one, tests)
        for ab, column, bound, one in zip(drawn, columns, bounds, adjusted, strict=True)
    ]


def _pair(
    metric: str,
    ab: tuple[str, str],
    column: Values,
    bound: bootstrap.Interval,
    p: float,
    tests: int,
) -> Pair:
    spread = float(column.std(ddof=1)) if len(column) > 1 else 0.0
    return Pair(
        *ab,
        metric=metric,
        difference=bound.mean,
        low=bound.low,
        high=bound.high,
        p=p,
        count=len(column),
        spread=spread,
        detectable=smallest_difference(
            len(column), spread, comparisons=tests, binary=is_binary(column)
        ),
    )


def _difference(a: Values, b: Values) -> Values:
    both: Values = a - b
    return both[np.isfinite(both)]


def _blocks(columns: Sequence[Values]) -> Iterator[tuple[list[int], Values]]:
    """Columns of equal length side by side: missing values make them differ."""
    by_length: dict[int, list[int]] = {}
    for index, one in enumerate(columns):
        by_length.setdefault(len(one), []).append(index)
    for indexes in by_length.values():
        yield indexes, np.stack([columns[index] for index in indexes], axis=1)


def _tested(columns: Sequence[Values], sampling: Sampling) -> list[float]:
    found = [1.0] * len(columns)
    for indexes, block in _blocks(columns):
        tested = paired_tests.p_values(block, seed=sampling.seed, flips=sampling.flips)
        for index, p in zip(indexes, tested, strict=True):
            found[index] = p
    return found


def _bounded(
    columns: Sequence[Values], confidence: float, sampling: Sampling
) -> list[bootstrap.Interval]:
    found: dict[int, bootstrap.Interval] = {}
    for indexes, block in _blocks(columns):
        made = bootstrap.intervals(
            block, confidence=confidence, seed=sampling.seed, resamples=sampling.resamples
        )
        found.update(zip(indexes, made, strict=True))
    return [found[index] for index in range(len(columns))]


def _turned(pair: Pair, *, swap: bool = True) -> Pair:
    """b against a; without `swap`, the differences of the negated measure."""
    a, b = (pair.b, pair.a) if swap else (pair.a, pair.b)
    return replace(pair, a=a, b=b, difference=-pair.difference, low=-pair.high, high=-pair.low)
