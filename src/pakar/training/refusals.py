"""How many of the learned answers may say that it is not known.

A small model that reads the same refusal in half of its examples learns to begin each answer with
it: it is the likeliest first word, whatever the question (measured: benchmarks/LOG.md). So too many
are left out, and too few are made. Knows pairs and shares, no passages.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from pakar.types import Example

TOO_MANY = "more say that it is not known than `most_unanswerable` allows"


@dataclass(frozen=True, slots=True)
class Balanced:
    """The pairs to learn from, how many refusals were left out, and the share of the others that
    must be made unanswerable so that all refusals together are as many as wanted."""

    pairs: tuple[Example, ...]
    left_out: int
    share_to_make: float


def balanced(
    pairs: Sequence[Example],
    refuses: Callable[[str], bool],
    *,
    wanted: float,
    most: float,
    seed: int,
) -> Balanced:
    """`wanted` and `most` are shares of all pairs. Which refusals stay depends on the seed and on
    each pair alone, so that new pairs hardly change it. Each refusal is a fact of its own."""
    own = [one for one in pairs if refuses(one.answer)]
    others = len(pairs) - len(own)
    room = int(others * most / (1 - most)) if others and most < 1 else len(own)
    drawn = sorted(own, key=lambda one: random.Random(f"{seed}:{one.id}").random())
    gone = {one.id for one in drawn[room:]}
    asked = {one.id for one in own}
    kept = tuple(
        replace(one, fact=f"unknown {one.id}") if one.id in asked else one
        for one in pairs
        if one.id not in gone
    )
    refusing = len(own) - len(gone)
    missing = wanted * len(kept) - refusing
    return Balanced(kept, len(gone), max(0.0, missing / others) if others else 0.0)
