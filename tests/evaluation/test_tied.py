"""The set of routes that cannot be told apart from the best is right as often as it says."""

from __future__ import annotations

import numpy as np
import pytest

from pakar.evaluation.tied import Sampling, more_questions, stand


def draw(seed: int, means: dict[str, float], questions: int = 80) -> dict[str, np.ndarray]:
    """Correlated scores: how hard a question is counts for all routes."""
    source = np.random.default_rng(seed)
    hard = source.normal(0, 0.25, questions)
    return {
        name: np.clip(mean + hard + source.normal(0, 0.2, questions), -2, 3)
        for name, mean in means.items()
    }


def test_a_clear_winner_is_named() -> None:
    standing = stand("score", draw(0, {"rag": 0.7, "base": 0.2, "extract": 0.4}))
    assert standing.leader == "rag"
    assert standing.tied == ("rag",)
    pair = standing.pair("base", "rag")
    assert pair is not None and pair.difference < -0.3 and pair.high < 0 and pair.p < 0.01


def test_two_equal_routes_are_both_named() -> None:
    standing = stand("score", draw(0, {"rag": 0.7, "base": 0.2, "lora": 0.7}))
    assert set(standing.tied) == {"rag", "lora"}


def test_where_all_are_equal_a_single_winner_is_rare() -> None:
    equal = {"a": 0.5, "b": 0.5, "c": 0.5, "d": 0.5}
    named = [
        len(stand("score", draw(seed, equal, 40), sampling=Sampling(resamples=50, flips=600)).tied)
        == 1
        for seed in range(200)
    ]
    assert np.mean(named) <= 0.05


def test_three_questions_tell_nothing_apart() -> None:
    standing = stand("score", {"a": np.ones(3), "b": np.zeros(3)})
    assert standing.tied == ("a", "b")


def test_missing_values_leave_the_rest_paired() -> None:
    values = draw(1, {"rag": 0.7, "base": 0.2}, 40)
    values["base"][:20] = np.nan
    pair = stand("score", values).pair("rag", "base")
    assert pair is not None
    assert pair.count == 20
    assert pair.difference == pytest.approx(np.mean(values["rag"][20:] - values["base"][20:]))


def test_a_route_without_values_is_left_out() -> None:
    values = draw(1, {"rag": 0.7, "base": 0.2}, 40)
    values["lora"] = np.full(40, np.nan)
    standing = stand("score", values)
    assert "lora" not in standing.means
    assert standing.tied == ("rag",)


def test_no_routes_and_no_values() -> None:
    assert stand("score", {}).tied == ()
    assert stand("score", {"a": np.full(4, np.nan)}).tied == ()


def test_more_families_make_claims_harder() -> None:
    values = draw(2, {"rag": 0.58, "base": 0.45}, 60)
    one, many = (stand("score", values, families=count).pairs[0] for count in (1, 8))
    assert many.p == pytest.approx(min(1, 8 * one.p))
    assert many.high - many.low > one.high - one.low


def test_how_many_more_questions() -> None:
    near = stand("score", draw(3, {"a": 0.52, "b": 0.5}, 30)).pairs[0]
    more = more_questions(near, comparisons=1)
    assert more is not None and more > 10
    same = stand("score", {"a": np.ones(9), "b": np.ones(9)}).pairs[0]
    assert more_questions(same, comparisons=1) is None
