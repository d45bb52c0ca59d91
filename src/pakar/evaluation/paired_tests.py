"""Tests of whether two routes differ on the same questions, and the correction for many tests.

- Continuous measures: the sign-flip permutation test of the mean difference. Exact for few
  questions, by random flips otherwise (Phipson and Smyth, 2010: the observed one counts as one).
- Yes or no measures: McNemar's test, exact.
- Many tests: Holm's correction (1979), which keeps the chance of any false claim below the level
  whatever the tests have to do with each other.

Knows numbers only. The tests compare all three with scipy and with statements from the papers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

FLIPS = 19_999
_EXACT_UP_TO = 14  # 2^14 sign patterns are no more work than the random ones
_CHUNK = 2_000_000
_ROUNDING = 1e-9


def p_values(differences: Values, *, seed: int = 0, flips: int = FLIPS) -> list[float]:
    """Two-sided p of each column of paired differences, shape (questions, columns).

    A column of nothing but -1, 0 and 1 is tested by McNemar's test, others by flipping signs.
    """
    signed = np.array([is_binary(column) for column in differences.T], dtype=bool)
    result = np.ones(differences.shape[1])
    for column in np.flatnonzero(signed):
        result[column] = mcnemar(
            int((differences[:, column] > 0).sum()), int((differences[:, column] < 0).sum())
        )
    others = np.flatnonzero(~signed)
    if len(others):
        result[others] = permutation(differences[:, others], seed=seed, flips=flips)
    return [float(one) for one in result]


def is_binary(differences: Values) -> bool:
    """Whether these are differences of a measure that is only ever 0 or 1."""
    return bool(np.isin(differences, (-1.0, 0.0, 1.0)).all())


def permutation(differences: Values, *, seed: int = 0, flips: int = FLIPS) -> list[float]:
    """Two-sided p of a mean of zero for each column, by flipping the signs of its differences."""
    few = np.count_nonzero(differences, axis=0) <= _EXACT_UP_TO
    result = np.ones(differences.shape[1])
    for column in np.flatnonzero(few):
        kept = differences[:, column]
        result[column] = _exact(kept[kept != 0])
    if not few.all():
        result[~few] = _sampled(differences[:, ~few], seed, flips)
    return [float(one) for one in result]


def mcnemar(better: int, worse: int) -> float:
    """Two-sided exact p of McNemar's test: questions that only the one, or only the other, got."""
    total = better + worse
    if total == 0:
        return 1.0
    tail = sum(math.comb(total, one) for one in range(min(better, worse) + 1))
    return min(1.0, float(2 * tail / 2**total))


def holm(p: Sequence[float]) -> list[float]:
    """The p-values corrected for their number, in the order given."""
    adjusted = [0.0] * len(p)
    highest = 0.0
    for rank, index in enumerate(sorted(range(len(p)), key=lambda one: p[one])):
        highest = max(highest, min(1.0, (len(p) - rank) * p[index]))
        adjusted[index] = highest
    return adjusted


def _exact(differences: Values) -> float:
    count = len(differences)
    if count == 0:
        return 1.0
    patterns = np.arange(2**count)[:, None] >> np.arange(count) & 1
    sums = np.abs((2.0 * patterns - 1.0) @ differences)
    return float(np.mean(sums >= _bar(differences)))


def _sampled(differences: Values, seed: int, flips: int) -> Values:
    source = np.random.default_rng(seed)
    bar = _bar(differences)
    total = differences.sum(axis=0)
    step = max(1, _CHUNK // len(differences))
    reached = np.zeros(differences.shape[1])
    for start in range(0, flips, step):
        rows = min(step, flips - start)
        # 1 keeps a difference, 0 turns it: the signed sum is twice the kept ones less the total.
        kept = source.integers(0, 2, (rows, len(differences)), dtype=np.int8).astype(np.float64)
        reached += (np.abs(2.0 * (kept @ differences) - total) >= bar).sum(axis=0)
    return (reached + 1) / (flips + 1)


def _bar(differences: Values) -> Values:
    # Sums that are equal but for rounding count as reaching the observed one.
    bar: Values = np.abs(differences.sum(axis=0)) - _ROUNDING * np.abs(differences).sum(axis=0)
    return bar
