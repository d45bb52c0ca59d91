"""What a time limit leaves for a training's own steps."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from pakar.backends.time_limit import (
    Terms,
    fitted,
    kept_terms,
    seconds_left,
    seconds_of,
    terms_of,
)
from pakar.ports import Beside, Recipe, Row, Rows

SECONDS = st.floats(0, 10_000)
BESIDE = st.builds(
    Beside, SECONDS, st.integers(0, 2), st.integers(0, 100_000), st.integers(0, 1000)
)


@given(st.floats(1, 100_000), st.floats(1, 10_000), SECONDS, SECONDS, BESIDE)
def test_steps_get_what_is_left_and_a_third_at_least(limit, pace, spent, loading, beside) -> None:
    recipe = Recipe(seconds=limit)
    left = seconds_left(recipe, pace, spent, loading, beside)
    assert 0.999 * limit / 3 <= left <= limit
    more = replace(beside, read=beside.read + 10_000, loaded=beside.loaded + 1)
    assert seconds_left(recipe, pace, spent + 1, loading, more) <= left


def test_what_has_passed_and_what_follows_is_taken_off() -> None:
    beside = Beside(loaded=2, read=3000, written=50)
    # 100 s, less 20 gone, 2 x 5 for loading, 13.5 for reading, 6 for writing.
    assert round(seconds_left(Recipe(seconds=100), 100, 20, 5, beside), 6) == 50.5


def test_short_of_time_what_stands_before_questions_is_read_without_a_gradient() -> None:
    rows = Rows([Row((*range(number, number + 400),), 10, str(number)) for number in range(2000)])
    asked: list[Recipe] = []

    def pace(recipe: Recipe) -> float:
        asked.append(recipe)
        return 100.0

    auto = Recipe(fewer_in_time=True)

    def terms(seconds: float, recipe: Recipe = auto) -> Terms:
        asked.clear()
        return terms_of(rows, recipe, pace, lambda _: seconds)

    assert terms(0.0) == Terms(100.0, 0.0, 0) and asked[-1] == auto, "no limit"
    assert terms(1e6) == Terms(100.0, 1e6, 0) and asked[-1].gradient_tokens == 0, "long enough"
    short = terms(900.0)
    # The pace is taken of the steps that come.
    assert short.gradient_tokens == asked[-1].gradient_tokens > 0
    kept, shorter = fitted(rows, replace(asked[-1], seconds=900.0), 100.0)
    assert asked[-1].batch == shorter.batch < Recipe().batch
    whole = fitted(rows, Recipe(seconds=900.0), 100.0)[1]
    assert shorter.epochs > 1.3 * whole.epochs
    own = terms(900.0, Recipe(gradient_tokens=50))
    assert own.gradient_tokens == asked[-1].gradient_tokens == 50
    every = terms(900.0, Recipe())
    assert every.gradient_tokens == asked[-1].gradient_tokens == 0
    assert seconds_of(kept, shorter, 100.0) <= 910


def test_without_a_limit_there_is_none() -> None:
    assert seconds_left(Recipe(), 100, 20, 5, Beside(loaded=2)) == 0.0


def test_terms_are_taken_once_for_a_run(tmp_path: Path) -> None:
    first = kept_terms(tmp_path, lambda: Terms(120.0, 60.0))
    assert kept_terms(tmp_path, lambda: Terms(1.0, 1.0)) == first == Terms(120.0, 60.0)


@settings(deadline=None)
@given(st.floats(5, 500), st.integers(1, 60), st.integers(0, 10))
def test_what_is_fitted_ends_in_time_or_is_one_step(seconds, learned, held_out) -> None:
    def made(count: int) -> list[Row]:
        return [Row((*range(number, number + 40),), 10, str(number)) for number in range(count)]

    rows = Rows(made(learned), made(held_out), made(1))
    recipe = Recipe(seconds=seconds, epochs=5.0)
    kept, shorter = fitted(rows, recipe, 100.0)
    assert 0 < shorter.epochs <= 5.0
    # Half a step of eight rows is 160 tokens at most.
    assert seconds_of(kept, shorter, 100.0) <= seconds + 1.6
    if seconds_of(rows, recipe, 100.0) > seconds > 20:
        assert seconds_of(kept, shorter, 100.0) > 0.5 * seconds, "time is left unused"


def test_short_of_time_steps_get_smaller_and_never_of_one() -> None:
    rows = Rows([Row((*range(number, number + 40),), 10, str(number)) for number in range(2000)])
    batches = {
        seconds: fitted(rows, Recipe(seconds=seconds), 100.0)[1].batch
        for seconds in (20, 200, 9000)
    }
    assert batches[20] == 2
    assert 2 < batches[200] < batches[9000] == Recipe().batch


def test_measuring_takes_a_tenth_of_a_long_run_and_up_to_a_fifth_of_a_short_one() -> None:
    rows = Rows(
        [Row((*range(number, number + 40),), 10, str(number)) for number in range(9000)],
        [Row((*range(number, number + 40),), 10, str(number)) for number in range(300)],
    )

    def share(seconds: float) -> float:
        kept, shorter = fitted(rows, Recipe(seconds=seconds, evaluations=50), 100.0)
        learning = seconds_of(replace(kept, held_out=()), shorter, 100.0)
        return 1 - learning / seconds

    assert 0.09 < share(2000) < 0.11
    assert 0.18 < share(200) < 0.22
