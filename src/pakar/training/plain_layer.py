"""A linear layer with its adapter as one product, for the plan's probe. Imports torch.

The same idea as the real training layers, without peft: x·(W + s·B·A)ᵀ, of which only x is kept.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.autograd.function import FunctionCtx
from torch.nn.functional import linear

_SCALE = 2.0


def adapt(parent: torch.nn.Module, name: str, rank: int) -> None:
    """Puts an adapter of that rank on the linear layer `name` of `parent`."""
    layer = getattr(parent, name)
    first = torch.nn.Parameter(torch.empty(rank, layer.in_features))
    torch.nn.init.kaiming_uniform_(first, a=math.sqrt(5))
    second = torch.nn.Parameter(torch.zeros(layer.out_features, rank))

    def forward(x: Tensor) -> Tensor:
        found: Tensor = _LoraProduct.apply(x, layer.weight, first, second)  # type: ignore[no-untyped-call]
        return found if layer.bias is None else found + layer.bias

    layer.forward = forward


class _LoraProduct(torch.autograd.Function):
    """One product forward, one for the input's gradient; the adapter's come from small ones."""

    @staticmethod
    def forward(
        ctx: FunctionCtx, x: Tensor, weight: Tensor, first: Tensor, second: Tensor
    ) -> Tensor:
        ctx.save_for_backward(x, weight, first, second)
        return linear(x, _joined(weight, first, second))

    @staticmethod
    def backward(ctx: FunctionCtx, gradient: Tensor) -> tuple[Tensor | None, ...]:
        x, weight, first, second = ctx.saved_tensors  # type: ignore[attr-defined]
        rows = gradient.reshape(-1, weight.shape[0])
        read = x.reshape(-1, weight.shape[1])
        of_first = ((rows @ second.to(rows.dtype)).t() @ read).mul(_SCALE).to(first.dtype)
        of_second = (rows.t() @ (read @ first.to(read.dtype).t())).mul(_SCALE).to(second.dtype)
        of_input = (rows @ _joined(weight, first, second)).view_as(x)
        return of_input, None, of_first, of_second


def _joined(weight: Tensor, first: Tensor, second: Tensor) -> Tensor:
    return (second @ first).mul_(_SCALE).to(weight.dtype).add_(weight)
