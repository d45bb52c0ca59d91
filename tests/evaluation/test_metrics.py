"""The measures agree with independent implementations and keep within their bounds."""

from __future__ import annotations

import collections
import re
import string

import ir_measures
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import ndcg_score

from pakar.evaluation.metrics import exact_match, ndcg, recall, reciprocal_rank, token_f1

WORDS = st.lists(
    st.sampled_from(["the", "a", "fee", "Fee!", "is", "₹500.", "an", "locker", "cost,", "-"])
).map(" ".join)
ITEMS = st.lists(st.sampled_from("abcdefghij"), max_size=14)


def squad_f1(prediction: str, truth: str) -> float:
    """Straight from the definition in the SQuAD 2.0 paper, written independently."""

    def normal(text: str) -> list[str]:
        lower = "".join(one for one in text.lower() if one not in set(string.punctuation))
        return re.sub(r"\b(a|an|the)\b", " ", lower).split()

    one, other = normal(prediction), normal(truth)
    if not one or not other:
        return float(one == other)
    common = sum((collections.Counter(one) & collections.Counter(other)).values())
    if common == 0:
        return 0.0
    precision, found = common / len(one), common / len(other)
    return 2 * precision * found / (precision + found)


@given(WORDS, st.lists(WORDS, min_size=1, max_size=3))
def test_token_f1_is_squads(answer: str, references: list[str]) -> None:
    expected = max(squad_f1(answer, reference) for reference in references)
    assert token_f1(answer, references) == pytest.approx(expected, abs=1e-12)


@given(st.text(), st.text())
def test_token_f1_is_bounded_and_symmetric(one: str, other: str) -> None:
    assert 0 <= token_f1(one, [other]) <= 1
    assert token_f1(one, [other]) == token_f1(other, [one])
    assert token_f1(one, [one]) == 1


def test_token_f1_without_references_is_zero() -> None:
    assert token_f1("anything", []) == 0


@given(st.permutations("abcdefghij"), st.sets(st.sampled_from("abcdefghij"), min_size=1),
       st.integers(1, 12))  # fmt: skip
def test_ndcg_is_scikit_learns(ranking: list[str], relevant: set[str], k: int) -> None:
    truth = np.array([[float(item in relevant) for item in ranking]])
    scores = np.array([[float(-place) for place in range(len(ranking))]])
    assert ndcg(ranking, relevant, k) == pytest.approx(ndcg_score(truth, scores, k=k), abs=1e-9)


@given(ITEMS, ITEMS, st.integers(0, 12))
def test_rankings_measures_are_bounded(ranking: list[str], relevant: list[str], k: int) -> None:
    assert 0 <= ndcg(ranking, relevant, k) <= 1 + 1e-12
    assert 0 <= recall(ranking, relevant, k) <= 1


@given(ITEMS, ITEMS, st.integers(1, 12))
def test_a_repeated_item_changes_nothing(ranking: list[str], relevant: list[str], k: int) -> None:
    once = list(dict.fromkeys(ranking))
    assert ndcg(ranking, relevant, k) == ndcg(once, relevant, k)
    assert recall(ranking, relevant * 2, k) == recall(once, relevant, k)


@given(st.permutations("abcdefgh"), st.sets(st.sampled_from("abcdefgh"), min_size=1))
def test_moving_a_relevant_item_up_never_hurts(ranking: list[str], relevant: set[str]) -> None:
    for place in range(1, len(ranking)):
        if ranking[place] in relevant:
            better = ranking.copy()
            better[place - 1], better[place] = better[place], better[place - 1]
            assert ndcg(better, relevant, 5) >= ndcg(ranking, relevant, 5) - 1e-12
            assert recall(better, relevant, 5) >= recall(ranking, relevant, 5)


def test_recall_counts_the_share_found() -> None:
    assert recall(["a", "x", "b"], ["a", "b", "c", "d"], 2) == 0.25
    assert recall(["a", "x", "b"], ["a", "b", "c", "d"], 3) == 0.5
    assert recall(["a"], [], 3) == 0


@given(st.permutations("abcdefghij"), st.sets(st.sampled_from("abcdefghij"), min_size=1),
       st.integers(1, 10), st.integers(0, 10))  # fmt: skip
def test_rankings_measures_are_those_of_ir_measures(
    ranking: list[str], relevant: set[str], k: int, found: int
) -> None:
    ranking = ranking[:found]
    measures = [ir_measures.nDCG @ k, ir_measures.R @ k, ir_measures.RR]
    truth = [ir_measures.Qrel("q", item, 1) for item in relevant]
    run = [ir_measures.ScoredDoc("q", item, -place) for place, item in enumerate(ranking)]
    expected = dict.fromkeys(measures, 0.0)
    expected |= {one.measure: one.value for one in ir_measures.iter_calc(measures, truth, run)}
    ours = [ndcg(ranking, relevant, k), recall(ranking, relevant, k),
            reciprocal_rank(ranking, relevant)]  # fmt: skip
    assert ours == pytest.approx([expected[one] for one in measures], abs=1e-9)


@given(WORDS, st.lists(WORDS, max_size=3))
def test_an_exact_match_has_an_f1_of_one(answer: str, references: list[str]) -> None:
    if exact_match(answer, references):
        assert token_f1(answer, references) == 1


def test_exact_match_forgets_case_articles_and_punctuation() -> None:
    assert exact_match("The fee: 500.", ["other", "fee 500"]) == 1
    assert exact_match("500 fee", ["fee 500"]) == 0
    assert exact_match("x", []) == 0
