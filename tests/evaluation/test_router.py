"""A question goes to another route only where its type is told apart and better served there."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pakar.evaluation.router import router
from pakar.ports import Vectors

BY_TYPE = {"how": "rag+lora"}


def around(*centres: tuple[float, float], each: int = 8, spread: float = 0.05) -> Vectors:
    """So many unit vectors around each centre."""
    chance = np.random.default_rng(0)
    found = np.repeat(np.array(centres), each, axis=0)
    found = found + chance.normal(0, spread, found.shape)
    unit: Vectors = (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)
    return unit


TYPES = ["how"] * 8 + ["what"] * 8


def test_a_question_of_a_type_with_a_better_route_goes_there() -> None:
    made = router("extract", BY_TYPE, TYPES, around((1, 0), (0, 1)))
    assert made.choose(np.array([1, 0], np.float32)) == ("rag+lora", "how")
    assert made.choose(np.array([0, 1], np.float32)) == ("extract", "")


def test_types_that_words_do_not_tell_apart_are_no_ground_to_choose_by() -> None:
    made = router("extract", BY_TYPE, ["how", "what"] * 8, around((1, 0), (1, 0.01)))
    assert made.by_type == {}
    assert made.choose(np.array([1, 0], np.float32)) == ("extract", "")


def test_a_question_between_the_types_takes_the_route_for_all() -> None:
    types = ["how"] * 8 + ["what"] * 8 + ["other"] * 8
    made = router("extract", BY_TYPE, types, around((1, 0.2), (1, -0.2), (-1, 0), spread=0.01))
    assert made.choose(np.array([1, 0], np.float32)) == ("extract", "")


def test_without_questions_of_any_type_one_route_is_for_all() -> None:
    made = router("rag", {}, [], np.zeros((0, 2), np.float32))
    assert made.choose(np.array([1, 0], np.float32)) == ("rag", "")


@given(st.integers(0, 7), st.integers(0, 100))
def test_a_type_with_few_questions_is_never_routed(count: int, seed: int) -> None:
    types = ["how"] * min(count, 4) + ["what"] * 12
    chance = np.random.default_rng(seed)
    vectors = chance.normal(size=(len(types), 3)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    assert router("extract", BY_TYPE, types, vectors).by_type == {}
