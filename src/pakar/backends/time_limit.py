"""How long a training takes, by its own pace, and how one is fitted into a given time.

What counts are the tokens that are computed, those of a shared beginning once. The pace is taken
once, on the run's own rows, and written down: a run that was killed goes on with the same steps.
Knows rows and settings; how a pace is taken is passed in.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from math import ceil
from pathlib import Path

from pakar.atomic_file import write_atomically
from pakar.backends.packed_batch import FORWARD, tokens_computed
from pakar.backends.training_steps import steps_of
from pakar.ports import Beside, Recipe, Row, Rows

_TERMS = "terms.json"
# A training that learns nothing for want of time would be of no use to anybody.
_LEAST_SHARE = 1 / 3
# Of the time, for measuring held-out rows: a tenth tells enough in a long run, and not in a short
# one. The rest is for learning.
_MEASURING = 0.1
_MEASURING_AT_MOST = 0.2
_MEASURING_SECONDS = 60.0
# Writing a token, which reads all weights for one, against computing one in a training: about 8 in
# float32 on two cores, 20 in bfloat16.
_WRITTEN = 12.0
# With fewer steps the batch is made smaller: an adapter learns more from many small steps than from
# few large ones (measured: benchmarks/LOG.md).
_FEWEST_STEPS = 128
# But not steps of one: a single refusal would be a whole step, and such adapters refuse everything.
_SMALLEST_BATCH = 2
# Where not all can be learned in time, what stands before a question is read without a gradient: in
# the same time an adapter learns more from more examples than from all of their tokens (measured:
# benchmarks/LOG.md). A question and the template's words behind it are shorter than this.
_GRADIENT_TOKENS = 96
# Enough to tell a pace, read in seconds.
_PACE_TOKENS = 900


@dataclass(frozen=True, slots=True)
class Terms:
    """Tokens computed a second, forward and backward, the seconds that steps may take in all
    (0: no limit), and how many tokens before an answer get a gradient (0: all)."""

    pace: float
    seconds: float
    gradient_tokens: int = 0


def kept_terms(folder: Path, take: Callable[[], Terms]) -> Terms:
    """As kept in the folder of a run, so that it goes on with the same steps; else taken now."""
    file = folder / _TERMS
    if file.is_file():
        return Terms(**json.loads(file.read_bytes()))
    terms = take()
    write_atomically(file, json.dumps(asdict(terms)).encode())
    return terms


def terms_of(
    rows: Rows, recipe: Recipe, pace: Callable[[Recipe], float], left: Callable[[float], float]
) -> Terms:
    """`pace` measures the recipe's steps, `left` says how many seconds there are at such a pace.

    Measured twice: the first time is a little too slow, and small steps have a pace of their own.
    """
    roughly = pace(recipe)
    chosen = replace(recipe, seconds=left(roughly))
    if 0 < chosen.seconds < seconds_of(rows, chosen, roughly):
        if recipe.fewer_in_time:
            chosen = replace(chosen, gradient_tokens=_GRADIENT_TOKENS)
        chosen = replace(chosen, batch=fitted(rows, chosen, roughly)[1].batch)
    measured = pace(chosen)
    return Terms(measured, left(measured), chosen.gradient_tokens)


def first_steps(rows: Sequence[Row], recipe: Recipe) -> tuple[list[list[Row]], int]:
    """The rows of the first steps, and the tokens that these compute: enough for a pace."""
    steps: list[list[Row]] = []
    before = computed = 0
    for step in steps_of(rows, batch=recipe.batch, epochs=1, seed=recipe.seed):
        steps.append([])
        for index in step:
            steps[-1].append(rows[index])
            computed = before + tokens_computed(
                steps[-1], recipe.micro_tokens, gradient_tokens=recipe.gradient_tokens
            )
            if computed >= _PACE_TOKENS:
                return steps, computed
        before = computed
    return steps, computed


def seconds_left(
    recipe: Recipe, pace: float, spent: float, loading: float, beside: Beside
) -> float:
    """What the recipe's limit leaves for the steps and their measurements, a third at least.

    `spent` is all that has passed, `loading` what a model takes to load, both in seconds.
    """
    limit = recipe.seconds
    if limit <= 0:
        return 0.0
    tokens = FORWARD * beside.read + _WRITTEN * beside.written
    following = loading * beside.loaded + tokens / pace
    return max(_LEAST_SHARE * limit, limit - spent - following)


def seconds_of(rows: Rows, recipe: Recipe, pace: float) -> float:
    """The time of a whole run at this pace, its measurements included; loading is not."""
    learned = _learned(rows.learned, recipe)
    held_out = tokens_computed(rows.held_out, recipe.micro_tokens) * (recipe.evaluations + 1)
    general = 2 * tokens_computed(rows.general, recipe.micro_tokens)
    return (learned + FORWARD * (held_out + general)) / pace


def fitted(rows: Rows, recipe: Recipe, pace: float) -> tuple[Rows, Recipe]:
    """The rows and the recipe that end within `recipe.seconds`; unchanged where that is 0.

    Never more epochs than the recipe has, and one step at least. Loading, and what comes after the
    last step, has to be taken from the time before. It may end half a step later.
    """
    if recipe.seconds <= 0 or seconds_of(rows, recipe, pace) <= recipe.seconds:
        return rows, recipe
    held_out, evaluations = _measured(rows, recipe, pace)
    tokens = (recipe.seconds - _measuring(recipe.seconds)) * pace
    shorter = _within(tokens, rows.learned, replace(recipe, evaluations=evaluations))
    while shorter.epochs < recipe.epochs and shorter.batch > _SMALLEST_BATCH:
        seen = len(rows.learned) * shorter.epochs
        if seen / shorter.batch >= _FEWEST_STEPS - 1:
            break
        # Smaller batches share less, so what fits is counted anew.
        few = max(_SMALLEST_BATCH, min(shorter.batch - 1, int(seen / _FEWEST_STEPS)))
        shorter = _within(tokens, rows.learned, replace(shorter, batch=few, epochs=recipe.epochs))
    return replace(rows, held_out=held_out), shorter


def step_tokens(rows: Sequence[Row], recipe: Recipe) -> list[int]:
    """The tokens that each step computes."""
    steps = steps_of(rows, batch=recipe.batch, epochs=recipe.epochs, seed=recipe.seed)
    micro, gradient = recipe.micro_tokens, recipe.gradient_tokens
    return [
        tokens_computed([rows[at] for at in step], micro, gradient_tokens=gradient)
        for step in steps
    ]


def _within(tokens: float, rows: Sequence[Row], recipe: Recipe) -> Recipe:
    """The recipe with as many of its steps as come nearest to so many tokens; one at least."""
    # No more than twice of what a pass lets expect is laid out: there may be a thousand epochs.
    likely = tokens / max(1, _learned(rows, replace(recipe, epochs=1.0)))
    most = min(recipe.epochs, 2 * likely + recipe.batch / len(rows))
    computed = 0
    for steps, size in enumerate(step_tokens(rows, replace(recipe, epochs=most))):
        if steps and computed + size / 2 > tokens:
            # A part of a step counts as a whole one: half of the last is far from both sides.
            return replace(recipe, epochs=(steps - 0.5) * recipe.batch / len(rows))
        computed += size
    return replace(recipe, epochs=most)


def _measuring(seconds: float) -> float:
    """How many of the seconds measurements may take."""
    return min(_MEASURING_AT_MOST * seconds, max(_MEASURING * seconds, _MEASURING_SECONDS))


def _measured(rows: Rows, recipe: Recipe, speed: float) -> tuple[Sequence[Row], int]:
    """The held-out rows that there is time for, and how often."""
    allowed = _measuring(recipe.seconds) * speed / FORWARD
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


def _learned(rows: Sequence[Row], recipe: Recipe) -> float:
    """Tokens that all steps compute: those of one pass as they are, more by their mean."""
    first = step_tokens(rows, replace(recipe, epochs=min(recipe.epochs, 1.0)))
    steps = ceil(len(rows) * recipe.epochs / recipe.batch)
    return sum(first) * max(1.0, steps / max(1, len(first)))
