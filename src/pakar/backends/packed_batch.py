"""Many rows in one: hardly any padding, no dense mask to hold, no beginning computed twice.

The segments of the rows' prefix tree lie one after the other; only attention looks at them one by
one, each with what stands before it. Those that get no gradient come first: they can be computed by
themselves, and leave nothing but keys and values. Works for every model of transformers that takes
its attention from the registry of attention functions. Knows token ids, no text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
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
# A forward pass alone, against forward and backward. Frozen weights have no gradient: one product
# each way, and attention's way back is the longer one (0.43 to 0.49 measured in float32).
FORWARD = 0.45
# What a token without a gradient holds in memory, against one with: its keys and values, at most
# this part (in models with a key for each query head).
_FIXED = 1 / 10


# Fewer tokens are not worth the calls that attention by products takes.
_PRODUCTS = 32


@dataclass(frozen=True, slots=True)
class FixedContext:
    """Keys and values of the segments without a gradient, by layer; each (1, heads, tokens, width).

    Filled by a pass over these segments, read by the pass over those behind them.
    """

    keys: dict[int, tuple[Tensor, ...]] = field(default_factory=dict)
    values: dict[int, tuple[Tensor, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PackedBatch:
    """`places` are the positions whose next token is learned, `targets` those tokens: the first
    `answers` of them are the answers', the others the questions'.

    Shapes: ids (1, tokens), positions (1, tokens), places (learned,), targets (learned,). A
    position of a shared beginning is there once, and in `places` once for each row that learns
    after it. The first `fixed` of the tokens get no gradient.
    """

    ids: Tensor
    positions: Tensor
    places: Tensor
    targets: Tensor
    segments: tuple[Segment, ...]
    answers: int
    fixed: int = 0


def pack(
    rows: Sequence[Row],
    device: torch.device | str = "cpu",
    *,
    gradient_tokens: int = 0,
    question_tokens: int = 0,
) -> PackedBatch:
    """Rows as the segments of their prefix tree, one after the other.

    Of each row the answer and the `gradient_tokens` before it get a gradient, at least; 0: all.
    So many `question_tokens` before the answer are learned, too (fewer than those).
    """
    import torch

    tree = _rounded(_tree(rows, gradient_tokens))
    ids = [token for one in tree.segments for token in one.tokens]
    positions = [
        place for one in tree.segments for place in range(one.start, one.start + len(one.tokens))
    ]
    found = _places(tree)
    answers, questions = (
        [(row, at, place) for row, at in zip(rows, found, strict=True) for place in learned(row)]
        for learned in (answer_of, partial(question_of, tokens=question_tokens))
    )
    # A token is predicted at the place before it.
    places = [at[place - 1] for _, at, place in (*answers, *questions)]
    targets = [row.ids[place] for row, _, place in (*answers, *questions)]
    return PackedBatch(
        torch.tensor([ids], device=device),
        torch.tensor([positions], device=device),
        torch.tensor(places, device=device),
        torch.tensor(targets, device=device),
        tree.segments,
        len(answers),
        sum(len(one.tokens) for one in tree.segments if one.fixed),
    )


def answer_of(row: Row) -> range:
    """The places of the answer's tokens that are predicted: a sequence's first one is not."""
    return range(max(len(row.ids) - row.learned, 1), len(row.ids))


def question_of(row: Row, tokens: int) -> range:
    """The places of so many tokens before the answer; none where only little stands before them.

    A question teaches to read what it is about. Without passages it would take the output layer's
    time for nothing.
    """
    end = answer_of(row).start
    return range(end - tokens if end >= 3 * tokens else end, end)


def _tree(rows: Sequence[Row], gradient_tokens: int) -> PrefixTree:
    """The rows' tree, what gets no gradient first."""
    if not gradient_tokens:
        return prefix_tree([row.ids for row in rows])
    fixed = [max(0, len(row.ids) - row.learned - gradient_tokens) for row in rows]
    return _fixed_first(prefix_tree([row.ids for row in rows], fixed))


def _rounded(tree: PrefixTree) -> PrefixTree:
    """With a segment more for each kind, which nothing stands behind and nothing is learned from.

    Arrays of few different sizes fit where others of before were. Each new size would leave gaps in
    the memory and, in bfloat16 on a processor, a product compiled for it.
    """
    more = []
    for fixed in (True, False):
        size = sum(len(one.tokens) for one in tree.segments if one.fixed == fixed)
        if missing := -size % _multiple(size):
            more.append(Segment((0,) * missing, 0, (), fixed))
    return _fixed_first(PrefixTree((*tree.segments, *more), tree.paths))


def _multiple(size: int) -> int:
    """The power of two that is about a twentieth of it: 16 to 31 sizes up to twice as many."""
    return 1 << max(0, size.bit_length() - 5)


def _fixed_first(tree: PrefixTree) -> PrefixTree:
    order = sorted(range(len(tree.segments)), key=lambda at: not tree.segments[at].fixed)
    now = {before: at for at, before in enumerate(order)}

    def moved(path: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(now[at] for at in path)

    segments = [tree.segments[at] for at in order]
    return PrefixTree(
        tuple(replace(one, before=moved(one.before)) for one in segments),
        tuple(map(moved, tree.paths)),
    )


def _places(tree: PrefixTree) -> list[list[int]]:
    """For each row, where in the packed row each of its tokens lies."""
    spans: list[range] = []
    end = 0
    for one in tree.segments:
        spans.append(range(end, end + len(one.tokens)))
        end += len(one.tokens)
    return [[place for index in path for place in spans[index]] for path in tree.paths]


def in_token_budget(
    rows: Sequence[Row], budget: int, switch: int | None = None, *, gradient_tokens: int = 0
) -> list[list[Row]]:
    """The rows in parts that hold as much as `budget` tokens, at least one row each.

    Rows that begin alike come together. A row longer than `switch` tokens shares no part with a
    shorter one: a model with two sets of rotary factors takes one of them for a whole part. Tokens
    without a gradient hold little (see `pack`); all of a long row get one, as its beginning by
    itself would take the factors of short ones.
    """
    parts: list[list[Row]] = []
    for row in sorted(rows, key=lambda row: (is_long(row, switch), row.ids)):
        last = parts[-1] if parts else []
        long = is_long(row, switch)
        fits = last and is_long(last[0], switch) == long
        if fits and tokens_held([*last, row], 0 if long else gradient_tokens) <= budget:
            last.append(row)
        else:
            parts.append([row])
    return parts


def tokens_held(rows: Sequence[Row], gradient_tokens: int) -> int:
    """What a part of these rows holds in memory, in tokens with a gradient."""
    tree = _tree(rows, gradient_tokens)
    copied = sum(one.start for one in tree.segments if not one.fixed)
    return ceil(_weighed(tree, _FIXED) + _COPIED * copied)


def tokens_computed(rows: Sequence[Row], budget: int, *, gradient_tokens: int = 0) -> int:
    """How many tokens a pass over these rows computes forward and backward, in parts of that
    budget; those without a gradient count by their share of that work."""
    parts = in_token_budget(rows, budget, gradient_tokens=gradient_tokens)
    return sum(ceil(_weighed(_tree(part, gradient_tokens), FORWARD)) for part in parts)


def _weighed(tree: PrefixTree, fixed: float) -> float:
    return sum(len(one.tokens) * (fixed if one.fixed else 1.0) for one in tree.segments)


def is_long(row: Row, switch: int | None) -> bool:
    """Whether a row takes the second set of a model's rotary factors."""
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
    keep: FixedContext | None = None,
    context: FixedContext | None = None,
    **_: object,
) -> tuple[Tensor, None]:
    """Query, key, value: (1, heads, tokens, width). Returns (1, tokens, heads, width).

    The tokens are those of `segments`, which follow on those that `context` holds; what they are
    attended by is written into `keep`.
    """
    import torch

    layer: int = module.layer_idx  # type: ignore[assignment]
    # Split once: taking each out by itself would make as many gradients of the whole row's size.
    sizes = [len(one.tokens) for one in segments]
    queries = query.split_with_sizes(sizes, dim=2)
    keys = key.split_with_sizes(sizes, dim=2)
    values = value.split_with_sizes(sizes, dim=2)
    if keep is not None:
        keep.keys[layer], keep.values[layer] = keys, values
    if context is not None:
        keys, values = context.keys[layer] + keys, context.values[layer] + values
    mixed = []
    for index, (one, asked) in enumerate(
        zip(segments, queries, strict=True), start=len(keys) - len(segments)
    ):
        chain = (*one.before, index)
        seen = torch.cat([keys[at] for at in chain], dim=2) if one.before else keys[index]
        held = torch.cat([values[at] for at in chain], dim=2) if one.before else values[index]
        scale = scaling or query.shape[-1] ** -0.5
        mixed.append(_of_segment(asked, seen, held, one.start, scale, sliding_window or 0))
    return torch.cat(mixed, dim=1), None


def _of_segment(
    query: Tensor, key: Tensor, value: Tensor, start: int, scale: float, window: int
) -> Tensor:
    """(1, tokens, heads, width), of a segment that begins at `start`."""
    import torch
    from torch.nn.functional import scaled_dot_product_attention

    size = query.shape[2]
    looks_back = 0 < window < start + size
    by_products = query.device.type == "cpu" and query.dtype == torch.bfloat16
    if by_products and size >= _PRODUCTS and not looks_back:
        from pakar.backends.product_attention import product_attention

        return product_attention(query, key, value, scale)
    band = _band(query, start, window if looks_back else 0)
    found = scaled_dot_product_attention(
        query,
        key,
        value,
        attn_mask=band,
        is_causal=band is None,
        scale=scale,
        enable_gqa=query.shape[1] != key.shape[1],
    )
    return found.transpose(1, 2)


def _band(query: Tensor, start: int, window: int) -> Tensor | None:
    """Which positions each may see, of a segment that begins at `start`: all before it, or only
    the last `window` of them, its own included. None: as torch's causal kernel has it."""
    import torch

    if not start and not window:
        return None
    size = query.shape[2]
    seen = torch.ones(size, start + size, dtype=torch.bool, device=query.device).tril(start)
    return seen.triu(start + 1 - window) if window else seen
