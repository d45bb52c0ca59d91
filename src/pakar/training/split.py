"""Splits examples into those to learn from and those held out to measure the loss on.

What teaches the same fact or asks the same stands on one side only, or the loss on the held-out
side would measure memory. Knows nothing of training.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from pakar.training.identity import with_shared_facts
from pakar.types import Example

# What is held out is measured about eight times, so it must be a small part; but too few tell
# nothing.
_HELD_OUT_SHARE = 0.05
_FEWEST_HELD_OUT, _MOST_HELD_OUT = 8, 32
_HELD_OUT_OF_FEW = 0.1


def held_out_share(examples: int) -> float:
    """The share of so many examples that is held out."""
    wanted = max(_HELD_OUT_SHARE * examples, min(_FEWEST_HELD_OUT, _HELD_OUT_OF_FEW * examples))
    return min(wanted, _MOST_HELD_OUT) / max(1, examples)


def split(
    examples: Sequence[Example], share: float, seed: int
) -> tuple[list[Example], list[Example]]:
    """(training, held out), each in the given order.

    About `share` of the examples are held out, never more than the nearest whole group of one
    fact allows and never all of them. No fact, no question and no sentence of six words or more
    of an answer stands on both sides. The same seed gives the same split, whatever the order.
    """
    sizes: dict[str, int] = {}
    shared = with_shared_facts(examples)
    members: dict[str, list[str]] = {}
    for one in shared:
        sizes[one.fact] = sizes.get(one.fact, 0) + 1
        members.setdefault(one.fact, []).append(one.id)
    # A group's name depends on its first member, so it is drawn by all of them.
    order = sorted(sizes, key=lambda fact: sorted(members[fact]))
    random.Random(seed).shuffle(order)
    wanted = round(len(examples) * share)
    held: set[str] = set()
    count = 0
    for fact in order:
        if count + sizes[fact] <= wanted and len(held) + 1 < len(sizes):
            held.add(fact)
            count += sizes[fact]
    sides: tuple[list[Example], list[Example]] = ([], [])
    for one, group in zip(examples, shared, strict=True):
        sides[group.fact in held].append(one)
    return sides
