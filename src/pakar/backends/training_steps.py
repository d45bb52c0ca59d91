"""Which rows are learned at which step: the whole course of a training, laid out beforehand.

Every step is one item of the data set, so that a run that goes on after a kill only skips items.
Rows of all lengths are mixed: packed batches have no padding that like lengths would save, and
batches of one length are batches of one kind of example, whose losses jump. Knows no model.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

from pakar.ports import Row


def steps_of(rows: Sequence[Row], *, batch: int, epochs: float, seed: int) -> list[list[int]]:
    """For each step the indices of its rows. Each row is seen once an epoch; the last epoch may
    be a part of one. The order is a function of the seed alone."""
    chance = random.Random(seed)
    wanted = max(1, math.ceil(len(rows) * epochs / batch))
    steps: list[list[int]] = []
    while len(steps) < wanted:
        steps += _epoch(rows, batch, chance)
    return steps[:wanted]


def _epoch(rows: Sequence[Row], batch: int, chance: random.Random) -> list[list[int]]:
    order = list(range(len(rows)))
    chance.shuffle(order)
    return [order[start : start + batch] for start in range(0, len(order), batch)]
