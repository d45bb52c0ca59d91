"""Fused scores: bounded, ordered like their inputs, blind to the order of the candidates."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pakar.retrieval.fuse import add_support, fuse

KEYS = st.sampled_from("abcdefgh")
COSINES = st.dictionaries(KEYS, st.floats(-1, 1))
BM25 = st.dictionaries(KEYS, st.floats(0, 60))
WEIGHT = st.floats(0, 1)


@given(COSINES, BM25, WEIGHT)
def test_every_candidate_gets_one_score_from_0_to_1(
    vector: dict[str, float], words: dict[str, float], weight: float
) -> None:
    fused = fuse(vector, words, vector_weight=weight)
    assert fused.keys() == vector.keys() | words.keys()
    assert all(0 <= score <= 1 + 1e-9 for score in fused.values())


@given(COSINES, BM25, WEIGHT)
def test_order_of_the_candidates_does_not_matter(
    vector: dict[str, float], words: dict[str, float], weight: float
) -> None:
    turned = fuse(dict(reversed(vector.items())), dict(reversed(words.items())),
                  vector_weight=weight)  # fmt: skip
    assert turned == fuse(vector, words, vector_weight=weight)


@given(COSINES, BM25, WEIGHT)
def test_who_is_better_in_both_is_never_worse(
    vector: dict[str, float], words: dict[str, float], weight: float
) -> None:
    fused = fuse(vector, words, vector_weight=weight)
    both = [key for key in vector if key in words]
    for one in both:
        for other in both:
            if vector[one] >= vector[other] and words[one] >= words[other]:
                assert fused[one] >= fused[other] - 1e-9


@given(COSINES.filter(bool), BM25.filter(bool), WEIGHT, st.floats(0, 1))
def test_a_higher_score_never_lowers_its_own(
    vector: dict[str, float], words: dict[str, float], weight: float, more: float
) -> None:
    before = fuse(vector, words, vector_weight=weight)
    for key in vector:
        if len(vector) > 1 and min(vector.values()) == max(vector.values()):
            continue  # all alike count as the best, which a spread cannot keep
        raised = vector | {key: min(1.0, vector[key] + more)}
        assert fuse(raised, words, vector_weight=weight)[key] >= before[key] - 1e-9
    for key in words:
        raised = words | {key: words[key] + more}
        assert fuse(vector, raised, vector_weight=weight)[key] >= before[key] - 1e-9


@given(COSINES, BM25)
def test_weights_at_the_ends_trust_one_side_only(
    vector: dict[str, float], words: dict[str, float]
) -> None:
    meaning = fuse(vector, words, vector_weight=1.0)
    assert all(meaning[key] == 0 for key in words.keys() - vector.keys())
    spoken = fuse(vector, words, vector_weight=0.0)
    assert all(spoken[key] == 0 for key in vector.keys() - words.keys())


def test_a_missing_score_counts_as_nothing_found() -> None:
    fused = fuse({"a": 0.9, "b": 0.7}, {"b": 4.0, "c": 2.0}, vector_weight=0.5)
    assert fused == pytest.approx({"a": 0.5, "b": 0.5, "c": 0.25})
    assert fuse({}, {}, vector_weight=0.5) == {}


GROUPED = st.dictionaries(KEYS, st.tuples(st.floats(0, 1), st.sampled_from("xyz")))


@given(GROUPED, WEIGHT)
def test_support_comes_from_the_best_other_of_the_group(
    given_scores: dict[str, tuple[float, str]], weight: float
) -> None:
    scores = {key: score for key, (score, _) in given_scores.items()}
    groups = {key: group for key, (_, group) in given_scores.items()}
    supported = add_support(scores, groups, weight=weight)
    for key in scores:
        others = [scores[one] for one in scores if one != key and groups[one] == groups[key]]
        assert supported[key] == pytest.approx(scores[key] + weight * max(others, default=0.0))
    assert supported == add_support(dict(reversed(scores.items())), groups, weight=weight)
