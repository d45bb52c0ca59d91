"""Confidence intervals of means by resampling questions.

All columns are resampled together, so that what is compared stays paired. Knows numbers only.

Percentile and BCa intervals as in Efron and Tibshirani, "An Introduction to the Bootstrap" (1993),
chapters 13 and 14; the tests compare both with scipy.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
Kind = Literal["bca", "percentile"]

RESAMPLES = 9_999
_NORMAL = NormalDist()
_CHUNK = 2_000_000  # numbers drawn at a time: 16 MB


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean with the bounds between which it lies, as far as `count` questions can tell."""

    mean: float
    low: float
    high: float
    count: int


def intervals(
    values: Values,
    *,
    confidence: float = 0.95,
    seed: int = 0,
    resamples: int = RESAMPLES,
    kind: Kind = "bca",
) -> list[Interval]:
    """One interval a column of `values`, shape (questions, columns), without missing values.

    A single question, or values that are all equal, give an interval of no width: what has never
    varied says nothing of how it varies.
    """
    means = resampled_means(values, seed=seed, resamples=resamples)
    return [
        _interval(column, resampled, confidence, kind)
        for column, resampled in zip(values.T, means.T, strict=True)
    ]


def resampled_means(values: Values, *, seed: int, resamples: int = RESAMPLES) -> Values:
    """Means of questions drawn with replacement, shape (resamples, columns)."""
    count = len(values)
    source = np.random.default_rng(seed)
    step = max(1, _CHUNK // max(1, count))
    parts = []
    for start in range(0, resamples, step):
        drawn = source.integers(0, count, (min(step, resamples - start), count))
        # How often each question was drawn: the mean is then one matrix product for all columns.
        rows = np.arange(len(drawn))[:, None] * count
        weights = np.bincount((drawn + rows).ravel(), minlength=len(drawn) * count)
        parts.append(weights.reshape(len(drawn), count) @ values / count)
    return np.concatenate(parts)


def _interval(values: Values, resampled: Values, confidence: float, kind: Kind) -> Interval:
    mean = float(values.mean())
    tails = ((1 - confidence) / 2, (1 + confidence) / 2)
    if kind == "bca":
        tails = _corrected(tails, values, resampled)
    low, high = np.quantile(resampled, tails)
    return Interval(mean, float(low), float(high), len(values))


def _corrected(
    tails: tuple[float, float], values: Values, resampled: Values
) -> tuple[float, float]:
    """The tails corrected for bias and for a spread that changes with the mean (BCa)."""
    mean = values.mean()
    # Ties count half, as values that are 0 or 1 tie often.
    below = (np.mean(resampled < mean) + np.mean(resampled <= mean)) / 2
    if not 0 < below < 1 or np.ptp(values) == 0:
        return tails
    bias = _NORMAL.inv_cdf(float(below))
    acceleration = _acceleration(values)
    shifted = [bias + _NORMAL.inv_cdf(tail) for tail in tails]
    low, high = (_NORMAL.cdf(bias + one / (1 - acceleration * one)) for one in shifted)
    return low, high


def _acceleration(values: Values) -> float:
    """From the jackknife: for a mean, a sixth of the skewness of the values over root n."""
    from_mean = values - values.mean()
    return float((from_mean**3).sum() / (6 * (from_mean**2).sum() ** 1.5))
