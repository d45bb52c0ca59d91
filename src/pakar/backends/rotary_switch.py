"""Where a model changes its rotary factors: longrope has one set for short and one for long texts.

Phi-3-mini-128k, Phi-3.5-mini and Phi-4-mini turn every key by the long factors once the longest
position of a pass lies beyond the original context, and by the short ones else. So keys that were
kept from a short pass are wrong in a long one, and a short text does not go beside a long one.
The factors are those of LongRoPE (arXiv 2402.13753). Knows a configuration, no weights.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn


def switch_of(model: nn.Module) -> int | None:
    """The most tokens that are read with the short factors; None where there is one set."""
    config = getattr(model, "config", None)
    rotary = getattr(config, "rope_parameters", None)
    if not isinstance(rotary, dict) or rotary.get("rope_type") != "longrope":
        return None
    original = rotary.get("original_max_position_embeddings")
    if original is None:
        original = getattr(config, "original_max_position_embeddings", None)
    return original if isinstance(original, int) else None
