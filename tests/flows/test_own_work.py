"""A plan for examples that are there counts the very steps that a training will make of them."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

from hypothesis import given
from hypothesis import strategies as st

from pakar.backends.training_steps import steps_of
from pakar.config import Config
from pakar.flows.plan import OwnWork, PlanRequest, make_plan, own_work
from pakar.ports import Recipe, Row
from pakar.training.machine import CPU_PROCESS

# Each row has words of its own, so nothing is shared.
LENGTHS = st.lists(st.integers(20, 400), min_size=1, max_size=30)


def rows_of(lengths: list[int]) -> list[Row]:
    return [
        Row(tuple(range(1000 * at, 1000 * at + length)), 10) for at, length in enumerate(lengths)
    ]


@given(LENGTHS, st.integers(1, 8), st.integers(0, 5))
def test_the_largest_step_is_one_that_occurs(lengths: list[int], batch: int, seed: int) -> None:
    recipe = Recipe(batch=batch, epochs=1.0, seed=seed, micro_tokens=10_000)
    largest = own_work(rows_of(lengths), recipe).largest
    steps = steps_of(rows_of(lengths), batch=batch, epochs=1.0, seed=seed)
    assert largest is not None
    assert largest.tokens == max(sum(lengths[at] for at in step) for step in steps)
    assert 10 <= largest.answers <= 10 * batch


def test_it_takes_less_than_the_longest_examples_together() -> None:
    rows = rows_of([400, 400, *[40] * 60])
    recipe = Recipe(batch=2, epochs=1.0, seed=0)
    own = own_work(rows, recipe)
    request = PlanRequest(timed=False, batch=2, gpu="A100 40GB")
    by_chance, laid_out = (
        make_plan("lora", request, Config(), one) for one in (OwnWork(own.counts), own)
    )
    assert by_chance.work.largest.tokens == 800
    assert laid_out.work.largest.tokens == 440
    assert laid_out.needed < by_chance.needed
    assert laid_out.work.tokens == by_chance.work.tokens


def test_what_a_step_shares_is_held_once() -> None:
    page = tuple(range(300))
    rows = [Row((*page, 1000 + at, 2000 + at), 1) for at in range(4)]
    largest = own_work(rows, Recipe(batch=4, epochs=1.0)).largest
    assert largest is not None
    assert 308 <= largest.tokens < 4 * 302 / 2


def test_the_steps_over_which_a_pace_is_taken_are_held_too() -> None:
    rows = rows_of([100] * 64)
    small, asked = Recipe(batch=2, epochs=1.0), Recipe(batch=8, epochs=1.0, seconds=60.0)
    alone, limited = own_work(rows, small).largest, own_work(rows, small, asked).largest
    assert alone is not None
    assert limited is not None
    assert (alone.tokens, limited.tokens) == (200, 800)


def test_without_examples_there_is_no_step() -> None:
    assert own_work([], Recipe()) == OwnWork([], None)


def test_a_process_that_holds_more_is_planned_with_more() -> None:
    usual, larger = (
        make_plan("lora", PlanRequest(timed=False, process=size), Config())
        for size in (CPU_PROCESS, CPU_PROCESS + 500_000_000)
    )
    if usual.machine.on_card:
        pytest.skip("a card's process is counted otherwise")
    assert larger.needed - usual.needed == 500_000_000
