"""What a number of questions can show is what it then shows."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from pakar.evaluation.power import questions_needed, smallest_difference


def power_of_t_test(difference: float, spread: float, questions: int, level: float) -> float:
    """The exact power of the paired t test, from scipy's noncentral t distribution."""
    bar = stats.t.ppf(1 - level / 2, questions - 1)
    shift = difference / spread * math.sqrt(questions)
    return float(stats.nct.sf(bar, questions - 1, shift))


@pytest.mark.parametrize("questions", [15, 20, 40, 60, 100, 200, 500])
@pytest.mark.parametrize("comparisons", [1, 3, 10, 21])
def test_the_smallest_difference_is_found_four_times_in_five(
    questions: int, comparisons: int
) -> None:
    found = smallest_difference(questions, 0.35, comparisons=comparisons)
    power = power_of_t_test(found, 0.35, questions, 0.05 / comparisons)
    assert power == pytest.approx(0.8, abs=0.03)


@pytest.mark.parametrize("difference", [0.05, 0.1, 0.2])
def test_questions_needed_is_the_way_back(difference: float) -> None:
    needed = questions_needed(difference, 0.4, comparisons=3)
    assert smallest_difference(needed, 0.4, comparisons=3) <= difference * 1.001
    assert smallest_difference(needed - 1, 0.4, comparisons=3) >= difference * 0.999


def test_so_few_questions_show_nothing() -> None:
    assert smallest_difference(3) == math.inf
    assert smallest_difference(5) == math.inf
    assert smallest_difference(6) < math.inf
    assert smallest_difference(6, comparisons=10) == math.inf


def test_more_questions_show_smaller_differences() -> None:
    found = [smallest_difference(one) for one in range(6, 300)]
    assert np.all(np.diff(found) < 0)


def test_no_difference_needs_no_number() -> None:
    with pytest.raises(ValueError, match="other than 0"):
        questions_needed(0.0, 0.3)
