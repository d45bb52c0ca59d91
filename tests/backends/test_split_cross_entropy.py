"""The losses and gradients of a training's two parts are those of torch."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import cross_entropy

from pakar.backends.split_cross_entropy import split_cross_entropy


@given(
    seed=st.integers(0, 10_000),
    rows=st.integers(1, 9),
    words=st.integers(2, 40),
    weight=st.floats(0.0, 2.0),
    data=st.data(),
)
def test_losses_and_gradients_are_torch_s(
    seed: int, rows: int, words: int, weight: float, data: st.DataObject
) -> None:
    first = data.draw(st.integers(0, rows))
    torch.manual_seed(seed)
    scores = (10 * torch.randn(rows, words)).requires_grad_()
    targets = torch.randint(0, words, (rows,))
    ours = split_cross_entropy(scores, targets, first)
    expected = (
        cross_entropy(scores[:first], targets[:first], reduction="sum"),
        cross_entropy(scores[first:], targets[first:], reduction="sum"),
    )
    torch.testing.assert_close(ours, expected)
    (theirs,) = torch.autograd.grad(3 * expected[0] + weight * expected[1], scores)
    (gradient,) = torch.autograd.grad(3 * ours[0] + weight * ours[1], scores)
    torch.testing.assert_close(gradient, theirs)


def test_a_target_that_is_all_but_impossible_has_a_finite_loss() -> None:
    scores = torch.tensor([[300.0, 0.0]])
    assert float(split_cross_entropy(scores, torch.tensor([1]), 1)[0]) == 300.0


def test_scores_of_half_precision_are_summed_in_float32_and_get_a_gradient_of_their_own() -> None:
    scores = torch.randn(4, 50).to(torch.bfloat16).requires_grad_()
    answers, questions = split_cross_entropy(scores, torch.tensor([1, 2, 3, 4]), 2)
    assert answers.dtype == questions.dtype == torch.float32
    (answers + questions).backward()
    assert scores.grad is not None
    assert scores.grad.dtype == torch.bfloat16


def test_a_second_gradient_is_refused_as_the_first_one_was_made_in_place() -> None:
    scores = torch.randn(3, 5, requires_grad=True)
    answers, questions = split_cross_entropy(scores, torch.tensor([0, 1, 2]), 1)
    loss = answers + 2 * questions
    loss.backward(retain_graph=True)
    with pytest.raises(RuntimeError, match="inplace"):
        loss.backward()


def test_the_losses_are_the_same_where_no_gradient_is_wanted() -> None:
    with torch.no_grad():
        losses = split_cross_entropy(torch.zeros(3, 4), torch.tensor([0, 1, 2]), 1)
    assert float(losses[0]) == pytest.approx(1.3862944)
    assert float(losses[1]) == pytest.approx(2 * 1.3862944)
