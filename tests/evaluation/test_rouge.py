"""ROUGE-L is that of rouge-score."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rouge_score import rouge_scorer

from pakar.evaluation.rouge import rouge_l

WORDS = st.lists(
    st.sampled_from(["the", "Fee!", "fee", "is", "500.", "an-locker", "cost,", "-", "x_y", "it's"])
).map(" ".join)
SCORER = rouge_scorer.RougeScorer(["rougeL"], use_stemmer=False)


@settings(max_examples=200)
@given(WORDS, WORDS)
def test_it_is_the_reference_libraries(answer: str, reference: str) -> None:
    expected = SCORER.score(reference, answer)["rougeL"].fmeasure
    assert rouge_l(answer, [reference]) == pytest.approx(expected, abs=1e-9)


@given(st.text(alphabet=st.characters(max_codepoint=127)), st.text(alphabet="ab c.D"))
def test_any_ascii_text_too(answer: str, reference: str) -> None:
    expected = SCORER.score(reference, answer)["rougeL"].fmeasure
    assert rouge_l(answer, [reference]) == pytest.approx(expected, abs=1e-9)


def test_the_best_reference_counts_and_none_is_zero() -> None:
    assert rouge_l("the fee is 500", ["no", "the fee is 500"]) == 1
    assert rouge_l("the fee", []) == 0


def test_words_of_all_scripts_count() -> None:
    assert rouge_l("शुल्क है", ["शुल्क है"]) == 1
