"""Which rows are learned at which step: the whole course of a training, laid out beforehand.

Every step is one item of the data set, so that a run that goes on after a kill only skips items.
Rows that share most of what they begin with come in the same step, where that is computed once; but
for those, rows of all kinds are mixed: batches of one kind of example have losses that jump. Knows
no model.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

from pakar.backends.prefix_tree import shared_beginning
from pakar.ports import Row

# Rows are kin where they have this share of the shorter one in common: passages, not just the
# system's turn...
_KIN = 0.7
# ... and they come in groups of at most this share of a step.
_OF_ONE_KIN = 0.5


def steps_of(rows: Sequence[Row], *, batch: int, epochs: float, seed: int) -> list[list[int]]:
    """For each step the indices of its rows. Each row is seen once an epoch; the last epoch may
    be a part of one. The order is a function of the rows and the seed alone."""
    chance = random.Random(seed)
    families = _families(rows)
    most = max(1, int(batch * _OF_ONE_KIN))
    wanted = max(1, math.ceil(len(rows) * epochs / batch)) if rows else 0
    steps: list[list[int]] = []
    while len(steps) < wanted:
        order = _mixed(families, most, chance)
        steps += [order[start : start + batch] for start in range(0, len(order), batch)]
    return steps[:wanted]


def _families(rows: Sequence[Row]) -> list[list[int]]:
    """The indices of rows that are kin, together."""
    found: list[list[int]] = []
    last: Row | None = None
    for index in sorted(range(len(rows)), key=lambda index: rows[index].ids):
        row = rows[index]
        if last is None or not _are_kin(last, row):
            found.append([])
        found[-1].append(index)
        last = row
    return found


def _are_kin(one: Row, other: Row) -> bool:
    shorter = min(len(one.ids), len(other.ids))
    return shared_beginning(one.ids, other.ids) >= _KIN * shorter


def _mixed(families: Sequence[Sequence[int]], most: int, chance: random.Random) -> list[int]:
    groups: list[list[int]] = []
    for family in families:
        members = list(family)
        chance.shuffle(members)
        groups += [members[start : start + most] for start in range(0, len(members), most)]
    chance.shuffle(groups)
    return [index for group in groups for index in group]
