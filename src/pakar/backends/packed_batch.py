"""Many rows in one: no padding to compute, no dense mask to hold, no beginning computed twice.

The segments of the rows' prefix tree lie one after the other; only attention looks at them one by
one, each with what stands before it. Works for every model of transformers that takes its attention
from the registry of attention functions. Knows token ids, no text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

from pakar.backends.prefix_tree import PrefixTree, Segment, prefix_tree
from pakar.ports import Row

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

NAME = "pakar_packed"
# Attention copies the keys and values of a shared beginning for each segment behind it: at most
# this part of what a token holds in memory (in models with a key for each query head).
_COPIED = 1 / 6


@dataclass(frozen=True, slots=True)
class PackedBatch:
    """`places` are the positions whose next token is learned, `targets` those tokens.

    Shapes: ids (1, tokens), positions (1, tokens), places (learned,), targets (learned,). A
    position of a shared beginning is there once, and in `places` once for each row that learns
    after it.
    """

    ids: Tensor
    positions: Tensor
    places: Tensor
    targets: Tensor
    segments: tuple[Segment, ...]


def pack(rows: Sequence[Row], device: torch.device | str = "cpu") -> PackedBatch:
    """Rows as the segments of their prefix tree, one after the other."""
    import torch

    tree = prefix_tree([row.ids for row in rows])
    ids = [token for one in tree.segments for token in one.tokens]
    positions = [
        place for one in tree.segments for place in range(one.start, one.start + len(one.tokens))
    ]
    places: list[int] = []
    targets: list[int] = []
    for row, at in zip(rows, _places(tree), strict=True):
        # A token is predicted at the place before it; a sequence's first one is not predicted.
        learned = range(max(len(row.ids) - row.learned, 1), len(row.ids))
        places += [at[place - 1] for place in learned]
        targets += [row.ids[place] for place in learned]
    return PackedBatch(
        torch.tensor([ids], device=device),
        torch.tensor([positions], device=device),
        torch.tensor(places, device=device),
        torch.tensor(targets, device=device),
        tree.segments,
    )


def _places(tree: PrefixTree) -> list[list[int]]:
    """For each row, where in the packed row each of its tokens lies."""
    spans: list[range] = []
    end = 0
    for one in tree.segments:
        spans.append(range(end, end + len(one.tokens)))
        end += len(one.tokens)
    return [[place for index in path for place in spans[index]] for path in tree.paths]


def in_token_budget(rows: Sequence[Row], budget: int, switch: int | None = None) -> list[list[Row]]:
    """The rows in parts that hold as much as `budget` tokens, at least one row each.

    Rows that begin alike come together. A row longer than `switch` tokens shares no part with a
    shorter one: a model with two sets of rotary factors takes one of them for a whole part.
    """
    parts: list[list[Row]] = []
    for row in sorted(rows, key=lambda row: (_is_long(row, switch), row.ids)):
        last = parts[-1] if parts else []
        fits = last and _is_long(last[0], switch) == _is_long(row, switch)
        if fits and _held([*last, row]) <= budget:
            last.append(row)
        else:
            parts.append([row])
    return parts


def _held(rows: Sequence[Row]) -> int:
    """What a part holds in memory, in tokens."""
    tree = prefix_tree([row.ids for row in rows])
    return tree.size + ceil(_COPIED * sum(one.start for one in tree.segments))


def tokens_computed(rows: Sequence[Row], budget: int) -> int:
    """How many tokens a pass over these rows computes, in parts of that budget."""
    parts = in_token_budget(rows, budget)
    return sum(prefix_tree([row.ids for row in part]).size for part in parts)


def _is_long(row: Row, switch: int | None) -> bool:
    return switch is not None and len(row.ids) > switch


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
    segments: Sequence[Segment] = (),
    sliding_window: int | None = None,
    **_: object,
) -> tuple[Tensor, None]:
    """Query, key, value: (1, heads, tokens, width). Returns (1, tokens, heads, width)."""
    import torch
    from torch.nn.functional import scaled_dot_product_attention

    # Split once: taking each out by itself would make as many gradients of the whole row's size.
    sizes = [len(one.tokens) for one in segments]
    queries = query.split_with_sizes(sizes, dim=2)
    keys = key.split_with_sizes(sizes, dim=2)
    values = value.split_with_sizes(sizes, dim=2)
    mixed = []
    for index, one in enumerate(segments):
        chain = (*one.before, index)
        band = _band(queries[index], one.start, sliding_window or 0)
        found = scaled_dot_product_attention(
            queries[index],
            torch.cat([keys[at] for at in chain], dim=2) if one.before else keys[index],
            torch.cat([values[at] for at in chain], dim=2) if one.before else values[index],
            attn_mask=band,
            is_causal=band is None,
            scale=scaling,
            enable_gqa=query.shape[1] != key.shape[1],
        )
        mixed.append(found.transpose(1, 2))
    return torch.cat(mixed, dim=1), None


def _band(query: Tensor, start: int, window: int) -> Tensor | None:
    """Which positions each may see, of a segment that begins at `start`: all before it, or where
    a model looks back only `window`, so many. None: as torch's causal kernel has it."""
    import torch

    size = query.shape[2]
    looks_back = 0 < window < start + size
    if not start and not looks_back:
        return None
    seen = torch.ones(size, start + size, dtype=torch.bool, device=query.device).tril(start)
    return seen.triu(start + 1 - window) if looks_back else seen
