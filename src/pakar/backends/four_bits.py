"""bitsandbytes as pakar uses it: without its way to the hub, and unpacked where that is faster.

On processors with AVX512-BF16, importing bitsandbytes fetches native code from the model hub and
runs it where the package `kernels` is installed, and writes a warning where it is not. Neither is
wanted: nothing leaves the machine unasked, and no code comes from elsewhere.
"""

from __future__ import annotations

import importlib.util
import logging
import sys
import threading
from typing import TYPE_CHECKING

from pakar.backends.free_memory import free_memory

if TYPE_CHECKING:
    from bitsandbytes.nn import Linear4bit
    from torch import nn

_IMPORTING = threading.Lock()
_FETCHER = "kernels"
# Of the memory that is free, what unpacked weights may take: the answers need some, too.
_LARGEST_SHARE = 0.5


def import_bitsandbytes() -> None:
    """Imports it, where it is installed, before anything else does (peft, transformers)."""
    with _IMPORTING:
        if "bitsandbytes" in sys.modules or importlib.util.find_spec("bitsandbytes") is None:
            return
        logger = logging.getLogger("bitsandbytes")
        level, fetcher = logger.level, sys.modules.get(_FETCHER)
        logger.setLevel(logging.ERROR)
        sys.modules[_FETCHER] = None  # type: ignore[assignment]  # an import of it fails
        try:
            import bitsandbytes  # noqa: F401
        finally:
            logger.setLevel(level)
            if fetcher is None:
                del sys.modules[_FETCHER]
            else:
                sys.modules[_FETCHER] = fetcher


def unpack_for_answers(model: nn.Module) -> None:
    """Replaces 4-bit layers by whole ones of the same values where the model runs on a CPU.

    A CPU unpacks a layer anew for every token, which takes several times as long as the products.
    Where the whole weights would take more than half of the free memory, they stay packed.
    """
    from bitsandbytes.nn import Linear4bit

    layers = [
        (parent, name, layer)
        for parent in model.modules()
        for name, layer in parent.named_children()
        if isinstance(layer, Linear4bit)
    ]
    wanted = sum(
        layer.in_features * layer.out_features * layer.compute_dtype.itemsize
        for _, _, layer in layers
        if layer.weight.device.type == "cpu"
    )
    if not 0 < wanted <= _LARGEST_SHARE * free_memory():
        return
    for parent, name, layer in layers:
        setattr(parent, name, _whole(layer))


def _whole(layer: Linear4bit) -> nn.Linear:
    from bitsandbytes.functional import dequantize_4bit
    from torch import nn

    weight = dequantize_4bit(layer.weight.data, layer.weight.quant_state).to(layer.compute_dtype)
    whole = nn.Linear(layer.in_features, layer.out_features, bias=False, device="meta")
    whole.weight = nn.Parameter(weight, requires_grad=False)
    if layer.bias is not None:
        whole.bias = nn.Parameter(layer.bias.data, requires_grad=False)
    return whole
