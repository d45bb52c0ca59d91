"""Rows that begin alike, as a tree: what they share is there once, and is computed once.

Examples of one kind share their system turn, and those of one source their passages too. In a
causal model a token sees what is before it alone, so that a shared beginning has the same states
and gets the sum of all gradients: exact, not an approximation. After Prefix Grouper (Liu et al.
2025, arXiv:2506.05433), which has one level and groups that are given; here the levels are found.
Beginnings that are given no gradient are segments of their own. Knows token ids, and no model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

# Shorter beginnings are computed again: each part costs calls of its own in every layer.
WORTH_SHARING = 16


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of tokens and the segments that stand before it, the first one first.

    `start` is its first token's place in its rows; `before` are indices of segments. One that is
    `fixed` is computed without a gradient, and so is all before it.
    """

    tokens: tuple[int, ...]
    start: int
    before: tuple[int, ...]
    fixed: bool = False


@dataclass(frozen=True, slots=True)
class PrefixTree:
    """The segments, each after those before it, and for each row the segments that it is made of.

    Laid end to end, the segments of a row are the row.
    """

    segments: tuple[Segment, ...]
    paths: tuple[tuple[int, ...], ...]

    @property
    def size(self) -> int:
        """How many tokens there are to compute."""
        return sum(len(one.tokens) for one in self.segments)


def prefix_tree(rows: Sequence[Sequence[int]], fixed: Sequence[int] = ()) -> PrefixTree:
    """The rows' tree. Beginnings are shared from WORTH_SHARING tokens on, and whole rows.

    Of each row the first `fixed` tokens get no gradient; what rows share, only as far as that holds
    for all of them.
    """
    segments: list[Segment] = []
    paths: list[tuple[int, ...]] = [()] * len(rows)
    # A stack and no recursion: rows can be as many and as long as a user likes.
    todo: list[tuple[list[int], int, tuple[int, ...]]] = [
        (sorted(range(len(rows)), key=lambda index: tuple(rows[index])), 0, ())
    ]
    while todo:
        members, start, before = todo.pop()
        ends = [index for index in members if len(rows[index]) == start]
        for index in ends:
            paths[index] = before
        longer = members[len(ends) :]  # sorted, so the rows that end here come first
        learns = any(not segments[index].fixed for index in before)
        for _, alike in groupby(longer, key=lambda index: _next(rows[index], start)):
            group = list(alike)
            end = shared_beginning(rows[group[0]], rows[group[-1]], start)
            cut = 0 if learns else min((fixed[index] for index in group if fixed), default=0)
            if start < cut:
                end = min(end, cut)
            todo.append((group, end, (*before, len(segments))))
            tokens = tuple(rows[group[0]][start:end])
            segments.append(Segment(tokens, start, before, fixed=start < cut))
    return PrefixTree(tuple(segments), tuple(paths))


def shared_beginning(one: Sequence[int], other: Sequence[int], start: int = 0) -> int:
    """How many tokens two rows begin with alike; the first `start` are known to be."""
    end = min(len(one), len(other))
    return next((at for at in range(start, end) if one[at] != other[at]), end)


def _next(row: Sequence[int], start: int) -> tuple[int, ...]:
    return tuple(row[start : start + WORTH_SHARING])
