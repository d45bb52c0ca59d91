"""Causal attention out of matrix products, for processors that multiply bfloat16 themselves.

There, torch's own kernel takes twice the time of the products that it is made of. A block of
queries looks at the keys up to its end alone, so that little is computed of what causality hides;
query heads that share a key head are one product. Weights of attention are computed again on the
way back instead of being kept, as in FlashAttention (arXiv 2205.14135). Knows no rows and no model.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

# Measured best of 64 to 512 queries for segments of a few hundred tokens (benchmarks/LOG.md).
_BLOCK = 128
# Sizes are rounded up to multiples of these: the library compiles each product for its sizes, keeps
# half a megabyte for it, and so takes ever more memory where each step brings new ones.
_QUERIES, _KEYS = 32, 64


def product_attention(query: Tensor, key: Tensor, value: Tensor, scale: float) -> Tensor:
    """Attention of the last tokens of a text to all of it, each to itself and those before it.

    Shapes: query (1, heads, tokens, width), key and value (1, key heads, all tokens, width), where
    heads is a multiple of key heads. Returns (1, tokens, heads, width).
    """
    output: Tensor = _ProductAttention.apply(query, key, value, scale)  # type: ignore[no-untyped-call]
    return output


class _ProductAttention(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: torch.autograd.function.FunctionCtx,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        scale: float,
    ) -> Tensor:
        _, heads, tokens, width = query.shape
        key_heads, before = key.shape[1], key.shape[2] - tokens
        queries = _by_key_head(query * scale, key_heads)
        keys, values = _longer(key[0], _KEYS), _longer(value[0], _KEYS)
        ctx.save_for_backward(queries, keys, values)
        ctx.scale, ctx.before = scale, before  # type: ignore[attr-defined]
        mixed = torch.empty_like(queries)
        for block in _blocks(queries, keys, before):
            found = torch.bmm(_scores(block, keys).softmax(-1), values[:, : block.seen])
            mixed[:, :, block.places] = found.view(key_heads, heads // key_heads, -1, width)
        return _tokens_first(mixed, tokens)

    @staticmethod
    def backward(
        ctx: torch.autograd.function.FunctionCtx, gradient: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, None]:
        queries, keys, values = ctx.saved_tensors  # type: ignore[attr-defined]
        scale: float = ctx.scale  # type: ignore[attr-defined]
        before: int = ctx.before  # type: ignore[attr-defined]
        tokens = gradient.shape[1]
        mixed = _by_key_head(gradient.transpose(1, 2), len(keys))
        for_queries = torch.empty_like(queries)
        for_keys, for_values = torch.zeros_like(keys), torch.zeros_like(values)
        for block in _blocks(queries, keys, before):
            seen = slice(block.seen)
            wanted = mixed[:, :, block.places].reshape(block.queries.shape)
            scores = _scores(block, keys)
            with torch.enable_grad():
                weights = scores.requires_grad_().softmax(-1)
            for_values[:, seen] += torch.bmm(weights.detach().transpose(1, 2), wanted)
            for_weights = torch.bmm(wanted, values[:, seen].transpose(1, 2))
            (for_scores,) = torch.autograd.grad(weights, scores, for_weights)
            of_block = torch.bmm(for_scores, keys[:, seen]).mul_(scale)
            for_queries[:, :, block.places] = of_block.view(*queries.shape[:2], -1, keys.shape[2])
            # The queries that were kept hold the scale already.
            for_keys[:, seen] += torch.bmm(for_scores.transpose(1, 2), block.queries)
        real = slice(before + tokens)
        for_query = _tokens_first(for_queries, tokens).transpose(1, 2)
        return for_query, for_keys[None, :, real], for_values[None, :, real], None


def _by_key_head(states: Tensor, key_heads: int) -> Tensor:
    """(1, heads, tokens, width) as (key heads, query heads of each, tokens and more, width)."""
    longer = _longer(states[0], _QUERIES)
    return longer.view(key_heads, -1, *longer.shape[1:])


def _tokens_first(states: Tensor, tokens: int) -> Tensor:
    """The way back, as (1, tokens, heads, width)."""
    return states.flatten(0, 1)[:, :tokens].transpose(0, 1)[None]


def _longer(states: Tensor, multiple: int) -> Tensor:
    """(heads, tokens, width) with zeros behind, up to a multiple of so many tokens."""
    heads, tokens, width = states.shape
    longer = states.new_zeros(heads, -(-tokens // multiple) * multiple, width)
    longer[:, :tokens] = states
    return longer


class _Block(NamedTuple):
    """`places` of some queries, and themselves as (key heads, query heads of each x block, width);
    how many keys they look at, `before` their first one's own."""

    places: slice
    queries: Tensor
    seen: int
    before: int


def _blocks(queries: Tensor, keys: Tensor, before: int) -> Iterator[_Block]:
    key_heads, _, tokens, width = queries.shape
    for start in range(0, tokens, _BLOCK):
        places = slice(start, min(start + _BLOCK, tokens))
        looked_at = -(-(before + places.stop) // _KEYS) * _KEYS
        asked = queries[:, :, places].reshape(key_heads, -1, width)
        yield _Block(places, asked, min(looked_at, keys.shape[1]), before + start)


def _scores(block: _Block, keys: Tensor) -> Tensor:
    """(key heads, query heads of each x block, keys); no token sees a key behind its own."""
    scores = torch.bmm(block.queries, keys[:, : block.seen].transpose(1, 2))
    size = block.places.stop - block.places.start
    own = scores.view(len(keys), -1, size, block.seen)[..., block.before :]
    behind = torch.ones(own.shape[-2:], dtype=torch.bool, device=keys.device).triu_(1)
    own.masked_fill_(behind, float("-inf"))
    return scores
