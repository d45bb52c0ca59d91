"""Loads a language model's weights: whole, or frozen in 4 bits (NF4 with double quantisation).

Knows transformers and bitsandbytes, no prompts and no adapters.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pakar.backends.encoder_folder import weight_files
from pakar.backends.extras import require
from pakar.backends.four_bits import import_bitsandbytes
from pakar.backends.model_loading import loading
from pakar.backends.numeric_precision import Precision, data_type, device_name
from pakar.errors import ModelError

if TYPE_CHECKING:
    from torch import nn
    from transformers import PreTrainedModel

Packing = Literal["whole", "nf4"]


def load_base(
    folder: Path,
    spec: str,
    *,
    precision: Precision | Literal["stored"] = "auto",
    packing: Packing = "whole",
    attention: str | None = None,
    trust_remote_code: bool = False,
) -> PreTrainedModel:
    """A causal model in eval mode, on the GPU where there is one.

    The precision "stored" is the one that the model was published in.
    Raises ModelError where weights are missing or do not load.
    """
    require("torch", "transformers", "safetensors")
    if packing == "nf4":
        require("bitsandbytes", "accelerate", extra="train")
        import_bitsandbytes()
    from transformers import AutoModelForCausalLM

    weight_files(folder)
    device = device_name()
    dtype = "auto" if precision == "stored" else data_type(precision, device)
    four_bit = _nf4(dtype) if packing == "nf4" else None
    with loading(spec, "language model"):
        model, report = AutoModelForCausalLM.from_pretrained(
            folder,
            dtype=dtype,
            local_files_only=True,
            output_loading_info=True,
            trust_remote_code=trust_remote_code,
            use_safetensors=True,
            attn_implementation=attention,
            quantization_config=four_bit,
            device_map={"": device} if four_bit else None,
        )
    # transformers would go on with random numbers in their place.
    if report["missing_keys"]:
        raise ModelError(
            f"{spec}: {len(report['missing_keys'])} weights are missing, "
            f"such as {min(report['missing_keys'])}",
            hint="Fetch the model again.",
        )
    if packing == "nf4":
        keep_training_layout(model)
        return model.eval()
    return model.to(device).eval()


def keep_training_layout(model: nn.Module) -> None:
    """Keeps bitsandbytes from repacking 4-bit weights at the first forward pass in eval mode.

    On processors with AVX512-BF16 it repacks them in place, and never back: a training that goes
    on after an evaluation would then learn nothing, without an error (seen in 0.50.2).
    """
    from bitsandbytes.nn import Linear4bit

    for layer in model.modules():
        if isinstance(layer, Linear4bit):
            layer.support_avx512bf16_for_cpu = False


def frozen_bytes(model: nn.Module) -> int:
    """Bytes of all parameters that do not learn, the constants of 4-bit blocks included."""
    total = 0
    for parameter in model.parameters():
        if parameter.requires_grad:
            continue
        total += parameter.numel() * parameter.element_size()
        state = getattr(parameter, "quant_state", None)
        if state is not None:
            total += _bytes(state.absmax) + _bytes(state.code)
            if state.nested:
                total += _bytes(state.state2.absmax) + _bytes(state.state2.code)
    return total


def _bytes(tensor: object) -> int:
    from torch import Tensor

    return tensor.numel() * tensor.element_size() if isinstance(tensor, Tensor) else 0


def _nf4(dtype: object) -> object:
    from transformers import BitsAndBytesConfig

    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=dtype,
    )
