"""LoRA layers for peft that compute a linear layer and its adapter in one autograd function.

The weight W + scale·B·A is formed once a step, so a batch costs one matrix product forward and one
for the gradient of the input; the adapter's gradients come from products with the small rank. What
is kept for the backward pass is the layer's input alone. Parameters, names and files are peft's
own. Knows linear layers, plain and in 4 bits; knows no model and no data.

The idea of ordering the products of LoRA by their cost is RunLoRA's (arXiv 2312.03415).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import torch
from peft.tuners.lora.layer import Linear as PeftLinear
from torch import Tensor
from torch.nn.functional import linear

if TYPE_CHECKING:
    from bitsandbytes.nn import Linear4bit
    from peft import LoraConfig

GetWeight = Callable[[], Tensor]


class _LoraLinear(torch.autograd.Function):
    """y = x (W + s·B·A)ᵀ + bias; gradients for x, A and B. W is asked for again in backward."""

    @staticmethod
    def forward(  # noqa: PLR0913  autograd passes values one by one
        ctx: torch.autograd.function.FunctionCtx,
        inputs: Tensor,
        down: Tensor,
        up: Tensor,
        bias: Tensor | None,
        weight: GetWeight,
        scale: float,
    ) -> Tensor:
        ctx.save_for_backward(inputs, down, up)
        ctx.weight, ctx.scale = weight, scale  # type: ignore[attr-defined]
        return linear(inputs, _effective(weight(), down, up, scale), bias)

    @staticmethod
    def backward(
        ctx: torch.autograd.function.FunctionCtx, gradient: Tensor
    ) -> tuple[Tensor | None, ...]:
        inputs, down, up = ctx.saved_tensors  # type: ignore[attr-defined]
        scale: float = ctx.scale  # type: ignore[attr-defined]
        rows = gradient.reshape(-1, gradient.shape[-1])
        seen = inputs.reshape(-1, inputs.shape[-1])
        for_inputs = None
        if ctx.needs_input_grad[0]:  # type: ignore[attr-defined]
            effective = _effective(ctx.weight(), down, up, scale)  # type: ignore[attr-defined]
            for_inputs = (rows @ effective).view_as(inputs)
        through_up = rows @ up.to(rows.dtype)
        through_down = seen @ down.to(seen.dtype).t()
        for_down = (through_up.t() @ seen).to(down.dtype).mul_(scale)
        for_up = (rows.t() @ through_down).to(up.dtype).mul_(scale)
        return for_inputs, for_down, for_up, None, None, None


def _effective(weight: Tensor, down: Tensor, up: Tensor, scale: float) -> Tensor:
    """W + s·B·A in the type of W. Products of bfloat16 are summed in float32 and rounded once."""
    return torch.addmm(weight, up.to(weight.dtype), down.to(weight.dtype), alpha=scale)


class FusedLoraLinear(PeftLinear):  # type: ignore[misc]
    """peft's LoRA layer over `torch.nn.Linear` with a fused training pass.

    Anything but training one adapter without dropout runs through peft's own code.
    """

    def forward(self, x: Tensor, *args: object, **kwargs: object) -> Tensor:
        name = _one_adapter(self, args, kwargs)
        if name is None:
            result: Tensor = super().forward(x, *args, **kwargs)
            return result
        return _fused(self, x, name, partial(_itself, self.get_base_layer().weight))


def _fused(layer: PeftLinear, x: Tensor, name: str, weight: GetWeight) -> Tensor:
    output: Tensor = _LoraLinear.apply(  # type: ignore[no-untyped-call]
        x,
        layer.lora_A[name].weight,
        layer.lora_B[name].weight,
        layer.get_base_layer().bias,
        weight,
        layer.scaling[name],
    )
    return output


def _itself(weight: Tensor) -> Tensor:
    return weight


def _one_adapter(
    layer: PeftLinear, args: tuple[object, ...], kwargs: dict[str, object]
) -> str | None:
    """The adapter's name where the fused pass computes what peft would; else None."""
    active: list[str] = [name for name in layer.active_adapters if name in layer.lora_A]
    plain = (
        layer.training
        and not args
        and not kwargs
        and not layer.disable_adapters
        and not layer.merged
        and len(active) == 1
    )
    if not plain or layer.lora_variant or layer.lora_bias[active[0]]:
        return None
    dropout = layer.lora_dropout[active[0]]
    return active[0] if isinstance(dropout, torch.nn.Identity) else None


def four_bit_class() -> type:
    """The same over bitsandbytes' `Linear4bit`; made on demand, as that library is optional."""
    from bitsandbytes.functional import dequantize_4bit
    from peft.tuners.lora.bnb import Linear4bit as PeftLinear4bit

    def weight_of(layer: Linear4bit, dtype: torch.dtype) -> Tensor:
        weight: Tensor = dequantize_4bit(layer.weight.data, layer.weight.quant_state)
        return weight.to(dtype)

    class FusedLora4bit(PeftLinear4bit):  # type: ignore[misc]
        """peft's LoRA layer over a 4-bit layer; the weight is unpacked once a pass."""

        def forward(self, x: Tensor, *args: object, **kwargs: object) -> Tensor:
            name = _one_adapter(self, args, kwargs)
            if name is None:
                result: Tensor = super().forward(x, *args, **kwargs)
                return result
            return _fused(self, x, name, partial(weight_of, self.get_base_layer(), x.dtype))

    return FusedLora4bit


def use_fused_layers(config: LoraConfig, *, four_bit: bool) -> None:
    """Makes peft build these layers for `config`; what it saves stays peft's."""
    mapping: dict[type, type] = {torch.nn.Linear: FusedLoraLinear}
    if four_bit:
        from bitsandbytes.nn import Linear4bit

        # Looked up in this order, and a 4-bit layer is a Linear too.
        mapping = {Linear4bit: four_bit_class(), **mapping}
    config._register_custom_module(mapping)
