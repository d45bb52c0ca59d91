"""Causal attention out of matrix products, for processors that multiply bfloat16 themselves.

There, torch's own kernel takes twice the time of the products that it is made of. A block of
queries looks at the keys up to its end alone, so that little is computed of what causality hides;
query heads that share a key head are one product. Weights of attention are computed again on the
way back instead of being kept, as in FlashAttention (arXiv 2205.14135). Knows no rows and no model.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

# Measured best of 64 to 512 queries for segments of a few hundred tokens (benchmarks/LOG.md).
_BLOCK = 128


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
        queries = _by_key_head(query[0] * scale, key.shape[1])
        keys, values = key[0].contiguous(), value[0].contiguous()
        ctx.save_for_backward(queries, keys, values)
        ctx.scale = scale  # type: ignore[attr-defined]
        output = query.new_empty(1, query.shape[2], query.shape[1], query.shape[3])
        mixed = _heads_first(output, key.shape[1])
        for block, asked, seen in _blocks(queries, keys):
            weights = _scores(asked, keys[:, :seen], block).softmax(-1)
            found = torch.bmm(weights, values[:, :seen])
            mixed[:, :, block] = found.view_as(mixed[:, :, block])
        return output

    @staticmethod
    def backward(
        ctx: torch.autograd.function.FunctionCtx, gradient: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, None]:
        queries, keys, values = ctx.saved_tensors  # type: ignore[attr-defined]
        scale: float = ctx.scale  # type: ignore[attr-defined]
        mixed = _heads_first(gradient, keys.shape[0])
        for_query = torch.empty_like(gradient)
        for_queries = _heads_first(for_query, keys.shape[0])
        for_keys, for_values = torch.zeros_like(keys), torch.zeros_like(values)
        for block, asked, seen in _blocks(queries, keys):
            wanted = mixed[:, :, block].reshape(asked.shape)
            scores = _scores(asked, keys[:, :seen], block)
            with torch.enable_grad():
                weights = scores.requires_grad_().softmax(-1)
            for_values[:, :seen] += torch.bmm(weights.detach().transpose(1, 2), wanted)
            for_weights = torch.bmm(wanted, values[:, :seen].transpose(1, 2))
            (for_scores,) = torch.autograd.grad(weights, scores, for_weights)
            of_block = torch.bmm(for_scores, keys[:, :seen]).mul_(scale)
            for_queries[:, :, block] = of_block.view_as(for_queries[:, :, block])
            # The queries that were kept hold the scale already.
            for_keys[:, :seen] += torch.bmm(for_scores.transpose(1, 2), asked)
        return for_query.transpose(1, 2), for_keys[None], for_values[None], None


def _by_key_head(query: Tensor, key_heads: int) -> Tensor:
    """(heads, tokens, width) as (key heads, query heads of each, tokens, width)."""
    return query.reshape(key_heads, -1, *query.shape[1:])


def _heads_first(states: Tensor, key_heads: int) -> Tensor:
    """A view of (1, tokens, heads, width) as (key heads, query heads of each, tokens, width)."""
    _, tokens, heads, width = states.shape
    return states.view(tokens, key_heads, heads // key_heads, width).permute(1, 2, 0, 3)


def _blocks(queries: Tensor, keys: Tensor) -> Iterator[tuple[slice, Tensor, int]]:
    """Blocks of queries: their places, themselves by key head, and how many keys they see."""
    key_heads, _, tokens, width = queries.shape
    before = keys.shape[1] - tokens
    for start in range(0, tokens, _BLOCK):
        end = min(start + _BLOCK, tokens)
        asked = queries[:, :, start:end].reshape(key_heads, -1, width)
        yield slice(start, end), asked, before + end


def _scores(asked: Tensor, keys: Tensor, block: slice) -> Tensor:
    """Shapes: asked (key heads, query heads of each x block, width), keys (key heads, keys, width).

    The last of the keys are the block's own, of which a query sees none behind its own place.
    """
    scores = torch.bmm(asked, keys.transpose(1, 2))
    size = block.stop - block.start
    own = scores.view(len(keys), -1, size, keys.shape[1])[..., -size:]
    behind = torch.ones(size, size, dtype=torch.bool, device=keys.device).triu_(1)
    own.masked_fill_(behind, float("-inf"))
    return scores
