"""Chooses where and in which precision a network runs on this machine."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import torch

Precision = Literal["auto", "float32", "bfloat16"]


def device_name() -> str:
    """ "cuda" where a GPU is usable, else "cpu"."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def data_type(precision: Precision, device: str) -> torch.dtype:
    """bfloat16 where it is native (or asked for), else float32."""
    import torch

    if precision == "float32":
        return torch.float32
    if precision == "bfloat16":
        return torch.bfloat16
    native = torch.cuda.is_bf16_supported() if device == "cuda" else has_native_bfloat16()
    return torch.bfloat16 if native else torch.float32


def has_native_bfloat16() -> bool:
    """Whether this CPU multiplies bfloat16 itself. Elsewhere it is emulated and far slower."""
    import torch

    if platform.machine().lower() in {"x86_64", "amd64"}:
        probe = torch.cpu
        return bool(probe._is_avx512_bf16_supported() or probe._is_amx_tile_supported())
    if platform.system() != "Linux":
        return False
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
