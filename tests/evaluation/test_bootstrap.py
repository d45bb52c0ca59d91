"""The intervals are those of scipy, and hold as often as they say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from pakar.evaluation.bootstrap import intervals, resampled_means

COLUMN = st.lists(st.floats(-1, 1, width=16), min_size=2, max_size=30)


@settings(max_examples=30, deadline=None)
@given(COLUMN, st.sampled_from(["bca", "percentile"]), st.sampled_from([0.9, 0.95, 0.99]))
def test_intervals_are_scipys(column: list[float], kind: str, confidence: float) -> None:
    values = np.array(column)
    if np.ptp(values) == 0:
        return
    ours = intervals(
        values[:, None], confidence=confidence, seed=3, resamples=500, kind=kind  # type: ignore[arg-type]
    )[0]  # fmt: skip
    # scipy on the same resamples: its method on a distribution that is given.
    drawn = resampled_means(values[:, None], seed=3, resamples=500)[:, 0]
    tails = np.array([(1 - confidence) / 2, (1 + confidence) / 2])
    if kind == "bca":
        below = stats.percentileofscore(drawn, values.mean(), kind="mean") / 100
        if not 0 < below < 1:
            return
        bias = stats.norm.ppf(below)
        jackknife = np.array([np.delete(values, one).mean() for one in range(len(values))])
        apart = jackknife.mean() - jackknife
        acceleration = (apart**3).sum() / (6 * (apart**2).sum() ** 1.5)
        shifted = bias + stats.norm.ppf(tails)
        tails = stats.norm.cdf(bias + shifted / (1 - acceleration * shifted))
    low, high = np.quantile(drawn, tails)
    assert (ours.low, ours.high) == pytest.approx((low, high), abs=1e-9)


@pytest.mark.parametrize(("kind", "scipys"), [("bca", "BCa"), ("percentile", "percentile")])
def test_intervals_agree_with_scipys_own_resampling(kind: str, scipys: str) -> None:
    values = np.random.default_rng(1).beta(0.5, 2, 60)
    ours = intervals(values[:, None], resamples=40_000, kind=kind)[0]  # type: ignore[arg-type]
    reference = stats.bootstrap(
        (values,), np.mean, n_resamples=40_000, method=scipys, rng=np.random.default_rng(2)
    ).confidence_interval
    assert (ours.low, ours.high) == pytest.approx(reference, abs=0.004)


def test_95_percent_intervals_hold_95_percent_of_the_time() -> None:
    source = np.random.default_rng(0)
    columns = source.beta(0.5, 1.5, (60, 400))
    inside = [one.low <= 0.25 <= one.high for one in intervals(columns, resamples=1000)]
    assert 0.91 <= np.mean(inside) <= 0.98


def test_columns_are_resampled_together() -> None:
    values = np.random.default_rng(0).random((25, 1))
    drawn = resampled_means(np.hstack([values, 2 * values]), seed=5, resamples=200)
    assert drawn[:, 1] == pytest.approx(2 * drawn[:, 0])


def test_what_never_varies_has_no_width() -> None:
    one = intervals(np.ones((8, 1)), resamples=100)[0]
    assert (one.mean, one.low, one.high, one.count) == (1, 1, 1, 8)


def test_the_same_seed_gives_the_same_interval() -> None:
    values = np.random.default_rng(0).random((40, 2))
    assert intervals(values, seed=4) == intervals(values, seed=4)
    assert intervals(values, seed=4) != intervals(values, seed=5)
