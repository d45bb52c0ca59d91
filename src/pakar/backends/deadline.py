"""Keeps a training within its time: where steps take longer than their pace said, fewer are made.

What is cut off is written down before it is acted on, so that a run that was killed goes on with
the same course; the learning rate falls to nothing at the new end. Knows what steps cost, in any
unit, and seconds; knows no rows and no model.
"""

from __future__ import annotations

import json
import math
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path

from pakar.atomic_file import write_atomically

_CUTS = "cuts.json"
# Of a run's work, after which it is looked whether the rest will fit.
_LOOKS = (0.2, 0.4, 0.6, 0.8, 0.9)
# A process that goes on with a run says nothing of its pace before it has done as much of the work.
_ENOUGH = 0.1
# A little too long is not worth another course.
_LENIENCE = 1.01
# A training that learns nothing for want of time would be of no use to anybody.
_LEAST = 1 / 3


class Deadline:
    """The course of a run: how many steps, and the share of its learning rate at each.

    `costs` are those of the steps that were laid out; `seconds` what all of them may take, with the
    measurements between them (0: as long as they take). `warmup` is how many steps the rate rises.
    """

    def __init__(self, costs: Sequence[float], seconds: float, warmup: int, folder: Path) -> None:
        self._done = [0.0, *accumulate(costs)]  # by steps
        self._seconds = seconds
        self._warmup = warmup
        self._file = folder / _CUTS
        # After how many steps it was decided, and how many there are since.
        self._cuts: list[tuple[int, int]] = []
        if self._file.is_file():
            self._cuts = [(after, steps) for after, steps in json.loads(self._file.read_bytes())]

    @property
    def laid_out(self) -> int:
        return len(self._done) - 1

    @property
    def steps(self) -> int:
        return self._cuts[-1][1] if self._cuts else self.laid_out

    @property
    def is_cut(self) -> bool:
        return bool(self._cuts)

    def rate(self, step: int) -> float:
        """The share of the learning rate: a rise, then a cosine that is 0 behind the last step.

        As transformers' `get_cosine_schedule_with_warmup`; a cut makes it fall faster from there.
        """
        if step < self._warmup:
            return step / self._warmup
        progress, begin, end = 0.0, self._warmup, self.laid_out
        for after, steps in self._cuts:
            if step <= after:
                break
            progress += (1 - progress) * max(0, after - begin) / max(1, end - begin)
            begin, end = max(begin, after), steps
        progress += (1 - progress) * (step - begin) / max(1, end - begin)
        return max(0.0, 0.5 * (1.0 + math.cos(math.pi * progress)))

    def look(self, first: int, step: int, seconds: float) -> None:
        """Cuts what will not fit, after `step` steps of which this process has made those since
        `first`, in so many seconds. Looks at a few steps only, and else does nothing."""
        if not self._seconds or not self._is_look(step) or step >= self.steps:
            return
        whole, mine = self._done[-1], self._done[step] - self._done[first]
        if mine < _ENOUGH * whole:
            return
        pace = mine / seconds
        # A run that goes on has its share of the time for its share of the work.
        allowed = self._seconds * (1 - self._done[first] / whole)
        end = self._done[first] + allowed * pace
        if self._done[self.steps] <= self._done[first] + _LENIENCE * (end - self._done[first]):
            return
        fitting = bisect_right(self._done, end) - 1
        fewer = max(step + 1, fitting, math.ceil(_LEAST * self.laid_out))
        if fewer < self.steps:
            self._cuts.append((step, fewer))
            write_atomically(self._file, json.dumps(self._cuts).encode())

    def _is_look(self, step: int) -> bool:
        """Whether this step is the first behind one of the places to look at."""
        whole, last = self._done[-1], self._done[step - 1]
        return any(last < share * whole <= self._done[step] for share in _LOOKS)
