"""A training that is slower than its pace said makes fewer steps, and its rate still ends at 0."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import get_cosine_schedule_with_warmup

from pakar.backends.deadline import Deadline

COSTS = st.lists(st.floats(1, 100), min_size=2, max_size=60)


def run(
    costs: Sequence[float], planned: float, pace: float, folder: Path
) -> tuple[Deadline, float]:
    """A run whose steps take their costs over `pace` seconds, and the seconds that all took."""
    deadline = Deadline(costs, planned, 1, folder)
    step, seconds = 0, 0.0
    while step < deadline.steps:
        seconds += costs[step] / pace
        step += 1
        deadline.look(0, step, seconds)
    return deadline, seconds


@given(COSTS, st.floats(0.1, 20), st.floats(0.2, 3))
def test_it_ends_in_time_or_a_step_later_with_a_third_at_least(costs, pace, speed) -> None:
    planned = sum(costs) / pace
    with tempfile.TemporaryDirectory() as folder:
        deadline, seconds = run(costs, planned, speed * pace, Path(folder))
    if speed >= 1:
        assert deadline.steps == deadline.laid_out == len(costs)
    assert deadline.steps >= len(costs) / 3
    # A step is not stopped, and one more is made after it.
    late = 2 * max(costs) / (speed * pace)
    least = sum(costs[: math.ceil(len(costs) / 3)]) / (speed * pace)
    assert seconds <= max(1.01 * planned, least) + late


def test_a_slow_run_is_cut_and_a_slower_one_again(tmp_path) -> None:
    costs = [10.0] * 100
    deadline, seconds = run(costs, 1000.0, 0.8, tmp_path / "slow")
    assert deadline.steps == 80 and seconds == pytest.approx(1000)
    deadline = Deadline(costs, 1000.0, 5, tmp_path / "slower")
    deadline.look(0, 20, 250)
    assert deadline.steps == 80
    deadline.look(0, 21, 5000)
    assert deadline.steps == 80, "looked at a few steps only"
    deadline.look(0, 40, 650)
    assert deadline.steps == 61


def test_without_a_limit_nothing_is_cut(tmp_path) -> None:
    deadline, _ = run([1.0] * 50, 0.0, 0.001, tmp_path)
    assert deadline.steps == 50 and not list(tmp_path.iterdir())


def test_the_rate_is_transformers_cosine_and_after_a_cut_still_ends_at_zero(tmp_path) -> None:
    rates = Deadline([1.0] * 40, 0.0, 4, tmp_path)
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    theirs = get_cosine_schedule_with_warmup(optimizer, 4, 40)
    for step in range(41):
        assert rates.rate(step) == theirs.get_last_lr()[0]
        optimizer.step()
        theirs.step()
    cut = Deadline([1.0] * 40, 40.0, 4, tmp_path)
    cut.look(0, 8, 16)
    cut.look(0, 16, 48)
    assert cut.steps == 17, "time is up, and one more is made"
    now = [cut.rate(step) for step in range(cut.steps + 1)]
    assert now[:9] == [rates.rate(step) for step in range(9)], "what is done stays"
    assert all(one > other for one, other in zip(now[4:], now[5:], strict=False))
    assert now[-1] == pytest.approx(0, abs=1e-9)


def test_a_run_that_was_killed_goes_on_with_what_was_cut(tmp_path) -> None:
    costs = [1.0] * 100
    before = Deadline(costs, 100.0, 5, tmp_path)
    before.look(0, 20, 40)
    assert before.steps == 50
    again = Deadline(costs, 100.0, 5, tmp_path)
    assert [again.rate(at) for at in range(51)] == [before.rate(at) for at in range(51)]
    # It has 85 seconds for the 35 steps that are left, and knows no pace after 5 of them.
    again.look(15, 20, 900)
    assert again.steps == 50
    again.look(15, 40, 75)
    assert again.steps == 43
