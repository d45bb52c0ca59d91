"""Cross-entropy of answers and of questions over one table of scores, without copies of it.

The scores of all learned tokens are the largest thing that a training holds: tokens times words.
Slices of them would each fill a gradient of that size with zeros. Here one more table is made, the
gradient, while the losses are computed, as Liger Kernel (arXiv 2410.10989) does on a GPU. Knows
scores and targets; knows no model.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import log_softmax


def split_cross_entropy(scores: Tensor, targets: Tensor, first: int) -> tuple[Tensor, Tensor]:
    """In nats, summed over the `first` rows and over the others; computed in float32.

    Shapes: scores (rows, words), targets (rows,). A gradient can be taken once.
    """
    losses: tuple[Tensor, Tensor] = _SplitCrossEntropy.apply(  # type: ignore[no-untyped-call]
        scores, targets, first
    )
    return losses


class _SplitCrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: torch.autograd.function.FunctionCtx, scores: Tensor, targets: Tensor, first: int
    ) -> tuple[Tensor, Tensor]:
        logs = log_softmax(scores, dim=-1, dtype=torch.float32)
        losses = -logs.gather(1, targets[:, None]).squeeze(1)
        if ctx.needs_input_grad[0]:  # type: ignore[attr-defined]
            gradient = logs.exp_()
            gradient[torch.arange(len(targets), device=targets.device), targets] -= 1
            ctx.save_for_backward(gradient)
            ctx.first, ctx.dtype = first, scores.dtype  # type: ignore[attr-defined]
        return losses[:first].sum(), losses[first:].sum()

    @staticmethod
    def backward(
        ctx: torch.autograd.function.FunctionCtx, *losses: Tensor
    ) -> tuple[Tensor, None, None]:
        (gradient,) = ctx.saved_tensors  # type: ignore[attr-defined]
        first: int = ctx.first  # type: ignore[attr-defined]
        of_first, of_others = losses
        gradient[:first] *= of_first
        gradient[first:] *= of_others
        return gradient.to(ctx.dtype), None, None  # type: ignore[attr-defined]
