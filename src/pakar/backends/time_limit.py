"""How long a training takes, by its own pace, and how one is fitted into a given time.

What counts are the tokens that are computed, those of a shared beginning once. The pace is taken
once, on the run's own rows, and written down: a run that was killed goes on with the same steps.
Knows rows and settings; how a pace is taken is passed in.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from pakar.atomic_file import write_atomically
from pakar.backends.packed_batch import tokens_computed
from pakar.backends.training_steps import steps_of
from pakar.ports import Recipe, Row, Rows

_PACE = "pace.json"
# Of the time; the rest is for learning.
_MEASURING = 0.2
# A forward pass alone, against forward and backward.
_FORWARD = 1 / 3
# With fewer steps an adapter hardly moves: the batch is made smaller before it comes to that.
_FEWEST_STEPS = 16


def kept_pace(folder: Path, take: Callable[[], float]) -> float:
    """Tokens computed a second, forward and backward: as kept in the folder, else taken now."""
    file = folder / _PACE
    if file.is_file():
        return float(json.loads(file.read_bytes())["tokens_per_second"])
    speed = take()
    write_atomically(file, json.dumps({"tokens_per_second": speed}).encode())
    return speed


def seconds_of(rows: Rows, recipe: Recipe, pace: float) -> float:
    """The time of a whole run at this pace, its measurements included; loading is not."""
    learned = _epoch(rows.learned, recipe) * recipe.epochs
    held_out = tokens_computed(rows.held_out, recipe.micro_tokens) * (recipe.evaluations + 1)
    general = 2 * tokens_computed(rows.general, recipe.micro_tokens)
    return (learned + _FORWARD * (held_out + general)) / pace


def fitted(rows: Rows, recipe: Recipe, pace: float) -> tuple[Rows, Recipe]:
    """The rows and the recipe that end within `recipe.seconds`; unchanged where that is 0.

    Never more epochs than the recipe has. Loading, and what comes after the last step, is not
    counted.
    """
    if recipe.seconds <= 0 or seconds_of(rows, recipe, pace) <= recipe.seconds:
        return rows, recipe
    held_out, evaluations = _measured(rows, recipe, pace)
    tokens = (1 - _MEASURING) * recipe.seconds * pace
    shorter = replace(recipe, evaluations=evaluations)
    shorter = replace(shorter, epochs=min(recipe.epochs, tokens / _epoch(rows.learned, shorter)))
    if shorter.epochs < recipe.epochs:
        few = max(1, int(len(rows.learned) * shorter.epochs / _FEWEST_STEPS))
        shorter = replace(shorter, batch=min(recipe.batch, few))
        # Smaller batches share less.
        epochs = min(recipe.epochs, tokens / _epoch(rows.learned, shorter))
        shorter = replace(shorter, epochs=epochs)
    return replace(rows, held_out=held_out), shorter


def _measured(rows: Rows, recipe: Recipe, speed: float) -> tuple[Sequence[Row], int]:
    """The held-out rows that there is time for, and how often."""
    allowed = _MEASURING * recipe.seconds * speed / _FORWARD
    # Once before and once at the end at least, and the general text as often.
    allowed -= 2 * tokens_computed(rows.general, recipe.micro_tokens)
    kept: list[Row] = []
    for row in rows.held_out:
        if 2 * tokens_computed([*kept, row], recipe.micro_tokens) > allowed:
            break
        kept.append(row)
    if not kept:
        return (), 1
    once = tokens_computed(kept, recipe.micro_tokens)
    return kept, max(1, min(recipe.evaluations, int(allowed / once) - 1))


def _epoch(rows: Sequence[Row], recipe: Recipe) -> int:
    """Tokens that one pass over the rows computes."""
    steps = steps_of(rows, batch=recipe.batch, epochs=1, seed=recipe.seed)
    return sum(tokens_computed([rows[at] for at in step], recipe.micro_tokens) for step in steps)
