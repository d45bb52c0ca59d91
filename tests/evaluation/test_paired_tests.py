"""The tests are scipy's, on random inputs, and Holm's correction is that of his paper."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from pakar.evaluation.paired_tests import holm, mcnemar, p_values, permutation

FEW = st.lists(st.floats(-1, 1, width=16), min_size=2, max_size=8)


@settings(max_examples=40, deadline=None)
@given(FEW)
def test_few_differences_are_tested_exactly_as_scipy_does(column: list[float]) -> None:
    values = np.array(column)
    reference = stats.permutation_test(
        (values,), np.sum, permutation_type="samples", n_resamples=np.inf
    ).pvalue
    assert permutation(values[:, None])[0] == pytest.approx(reference, abs=1e-9)


def test_many_differences_agree_with_scipy() -> None:
    values = np.random.default_rng(0).normal(0.2, 1, (60, 3))
    ours = permutation(values, flips=40_000)
    for column, p in zip(values.T, ours, strict=True):
        reference = stats.permutation_test(
            (column,),
            np.sum,
            permutation_type="samples",
            n_resamples=40_000,
            rng=np.random.default_rng(1),
        ).pvalue
        assert p == pytest.approx(reference, abs=0.012)


@given(st.integers(0, 200), st.integers(0, 200))
def test_mcnemar_is_the_exact_binomial_test(better: int, worse: int) -> None:
    if better + worse == 0:
        assert mcnemar(0, 0) == 1
        return
    reference = stats.binomtest(better, better + worse).pvalue
    assert mcnemar(better, worse) == pytest.approx(reference, abs=1e-9)


@given(st.lists(st.sampled_from([-1.0, 0.0, 1.0]), min_size=1, max_size=14))
def test_for_yes_or_no_both_tests_agree(column: list[float]) -> None:
    values = np.array(column)[:, None]
    assert p_values(values)[0] == pytest.approx(permutation(values)[0], abs=1e-9)


def reference_holm(p: list[float]) -> list[float]:
    """As written in the paper: reject while p(i) <= level / (m - i + 1), found by bisection."""

    def rejected(level: float, index: int) -> bool:
        order = sorted(range(len(p)), key=lambda one: p[one])
        for rank, one in enumerate(order):
            if p[one] * (len(p) - rank) > level:
                return False
            if one == index:
                return True
        return False

    found = []
    for index in range(len(p)):
        low, high = 0.0, 1.0
        if not rejected(1.0, index):
            found.append(1.0)
            continue
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (low, middle) if rejected(middle, index) else (middle, high)
        found.append(high)
    return found


@given(st.lists(st.floats(0, 1, width=16), min_size=1, max_size=8))
def test_holm_is_the_papers(p: list[float]) -> None:
    assert holm(p) == pytest.approx(reference_holm(p), abs=1e-9)


def test_no_difference_is_no_evidence() -> None:
    assert p_values(np.zeros((30, 2))) == [1.0, 1.0]
    assert permutation(np.zeros((30, 1))) == [1.0]


def test_p_is_never_zero() -> None:
    assert 0 < permutation(np.full((40, 1), 0.5), flips=500)[0] < 0.01


@given(FEW)
def test_which_route_comes_first_does_not_matter(column: list[float]) -> None:
    values = np.array(column)[:, None]
    assert permutation(values)[0] == pytest.approx(permutation(-values)[0], abs=1e-12)
