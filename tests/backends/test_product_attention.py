"""Attention by products is torch's own attention, and so are its gradients."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

from pakar.backends.product_attention import product_attention

WIDTH = 8


def states(heads: int, tokens: int, seed: int, dtype: torch.dtype = torch.float32) -> Tensor:
    """As a model has them: heads beside each other in memory, seen as (1, heads, tokens, width)."""
    made = torch.randn(1, tokens, heads, WIDTH, generator=torch.Generator().manual_seed(seed))
    return made.to(dtype).transpose(1, 2).detach().requires_grad_()


def by_torch(query: Tensor, key: Tensor, value: Tensor, scale: float) -> Tensor:
    own, seen = query.shape[2], key.shape[2]
    mask = torch.ones(own, seen, dtype=torch.bool).tril(seen - own)
    found = scaled_dot_product_attention(
        query, key, value, attn_mask=mask, scale=scale, enable_gqa=True
    )
    return found.transpose(1, 2)


# More than two blocks of queries, blocks that are not full, and single tokens.
@given(
    own=st.integers(1, 300),
    before=st.integers(0, 200),
    key_heads=st.integers(1, 3),
    shared_by=st.integers(1, 3),
    scale=st.floats(0.05, 1.0),
)
@settings(deadline=None, max_examples=60)
def test_it_is_attention_with_its_gradients(
    own: int, before: int, key_heads: int, shared_by: int, scale: float
) -> None:
    query = states(key_heads * shared_by, own, 1)
    key, value = (states(key_heads, before + own, seed) for seed in (2, 3))
    wanted = torch.randn(1, own, key_heads * shared_by, WIDTH)
    found, known = (attend(query, key, value, scale) for attend in (product_attention, by_torch))
    torch.testing.assert_close(found, known, rtol=1e-4, atol=1e-5)
    for ours, torchs in zip(
        torch.autograd.grad(found, (query, key, value), wanted),
        torch.autograd.grad(known, (query, key, value), wanted),
        strict=True,
    ):
        torch.testing.assert_close(ours, torchs, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("own", [40, 300])
def test_in_bfloat16_it_is_as_near_to_the_truth_as_rounding_allows(own: int) -> None:
    query, key, value = (states(heads, own, at) for at, heads in enumerate((6, 2, 2)))
    known = by_torch(query, key, value, WIDTH**-0.5)
    rounded = (one.detach().to(torch.bfloat16) for one in (query, key, value))
    found = product_attention(*rounded, WIDTH**-0.5)
    assert found.dtype == torch.bfloat16
    error = (found.float() - known).norm() / known.norm()
    assert error < 4 * torch.finfo(torch.bfloat16).eps
