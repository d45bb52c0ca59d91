"""Many sequences in one row: no padding to compute, no dense mask to hold.

The tokens of a batch lie one after the other; only attention looks at the sequences one by one,
each with torch's causal kernel. Works for every model of transformers that takes its attention
from the registry of attention functions. Knows token ids, no text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pakar.ports import Row

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

NAME = "pakar_packed"


@dataclass(frozen=True, slots=True)
class PackedBatch:
    """`places` are the positions whose next token is learned, `targets` those tokens.

    Shapes: ids (1, tokens), positions (1, tokens), places (learned,), targets (learned,).
    """

    ids: Tensor
    positions: Tensor
    places: Tensor
    targets: Tensor
    lengths: tuple[int, ...]


def pack(rows: Sequence[Row], device: torch.device | str = "cpu") -> PackedBatch:
    """Rows one after the other."""
    import torch

    ids = [token for row in rows for token in row.ids]
    positions = [place for row in rows for place in range(len(row.ids))]
    places: list[int] = []
    targets: list[int] = []
    start = 0
    for row in rows:
        first = start + len(row.ids) - row.learned
        # A token is predicted at the place before it; a sequence's first one is not predicted.
        learned = range(max(first, start + 1), start + len(row.ids))
        places += [place - 1 for place in learned]
        targets += [row.ids[place - start] for place in learned]
        start += len(row.ids)
    return PackedBatch(
        torch.tensor([ids], device=device),
        torch.tensor([positions], device=device),
        torch.tensor(places, device=device),
        torch.tensor(targets, device=device),
        tuple(len(row.ids) for row in rows),
    )


def in_token_budget(rows: Sequence[Row], budget: int, switch: int | None = None) -> list[list[Row]]:
    """The rows in parts of at most `budget` tokens, at least one row each.

    A row longer than `switch` tokens shares no part with a shorter one: a model with two sets of
    rotary factors takes one of them for a whole part.
    """
    parts: list[list[Row]] = []
    room = 0
    was_long = False
    for row in rows:
        is_long = switch is not None and len(row.ids) > switch
        if not parts or len(row.ids) > room or is_long != was_long:
            parts.append([])
            room = budget
        was_long = is_long
        parts[-1].append(row)
        room -= len(row.ids)
    return parts


def register_packed_attention() -> None:
    """Makes `attn_implementation="pakar_packed"` known to transformers; again is harmless."""
    from transformers import AttentionInterface
    from transformers.masking_utils import AttentionMaskInterface

    AttentionInterface.register(NAME, _attend)
    AttentionMaskInterface.register(NAME, _no_mask)


def _no_mask(*_: object, **__: object) -> None:
    return None


def _attend(  # noqa: PLR0913  the signature is transformers'
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: None,
    scaling: float | None = None,
    dropout: float = 0.0,
    lengths: Sequence[int] = (),
    sliding_window: int | None = None,
    **_: object,
) -> tuple[Tensor, None]:
    """Query, key, value: (1, heads, tokens, width). Returns (1, tokens, heads, width)."""
    import torch
    from torch.nn.functional import scaled_dot_product_attention

    sizes = list(lengths)
    parts = zip(
        query.split_with_sizes(sizes, dim=2),
        key.split_with_sizes(sizes, dim=2),
        value.split_with_sizes(sizes, dim=2),
        strict=True,
    )
    mixed = []
    for asked, seen, held in parts:
        band = _band(asked, sliding_window or 0)
        one = scaled_dot_product_attention(
            asked,
            seen,
            held,
            attn_mask=band,
            is_causal=band is None,
            scale=scaling,
            enable_gqa=query.shape[1] != key.shape[1],
        )
        mixed.append(one.transpose(1, 2))
    return torch.cat(mixed, dim=1), None


def _band(query: Tensor, window: int) -> Tensor | None:
    """Which positions each may see where a model looks back only `window`; None: all before it."""
    import torch

    size = query.shape[2]
    if not 0 < window < size:
        return None
    ones = torch.ones(size, size, dtype=torch.bool, device=query.device)
    return ones.tril() & ones.triu(1 - window)
