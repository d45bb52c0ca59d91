"""The plan of a training on the expert's own examples: their own tokens, this machine's own pace.

The pace is that of the real training step over the first examples. A method that was not timed is
scaled from the one that was, by its arithmetic.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pakar.backends.time_limit import seconds_of
from pakar.flows.plan import PlanRequest, make_plan, make_plans, own_work, planned_shape
from pakar.flows.training_data import training_data
from pakar.flows.tuning import recipe_of
from pakar.flows.workplace import Workplace
from pakar.ports import Recipe, Rows
from pakar.training.duration import Duration, scaled
from pakar.training.lost import general_texts
from pakar.training.plan import Plan
from pakar.training.split import held_out_share, split


def own_plans(place: Workplace, methods: Sequence[str], request: PlanRequest) -> list[Plan]:
    """A plan for each method. Raises ExampleError where there are no examples to learn from."""
    config, trainer = place.config, place.trainer
    examples = training_data(place).examples
    learned, held_out = split(examples, held_out_share(len(examples)), config.training.seed)
    rows = Rows(
        [trainer.row(one) for one in learned],
        [trainer.row(one) for one in held_out],
        [trainer.row(one) for one in general_texts()],
    )
    recipe = _recipe(place, request)
    own = own_work(rows.learned, recipe, recipe if recipe.seconds else None)
    untimed = replace(request, timed=False, micro_tokens=config.training.micro_tokens)
    plans = make_plans(methods, untimed, config, own)
    if not request.timed or plans[0].machine.on_card:
        return plans
    timed = make_plan("lora", untimed, config, own)
    duration = _duration(place, rows, recipe)
    shape = planned_shape(request, config)
    return [
        replace(
            one,
            duration=duration
            if one.setup.method == "lora"
            else scaled(duration, shape, one.work, (timed.setup, one.setup)),
        )
        for one in plans
    ]


def _recipe(place: Workplace, request: PlanRequest) -> Recipe:
    """The settings' own, with what the request names."""
    recipe = recipe_of(place.config.training, "lora")
    if request.epochs is not None:
        recipe = replace(recipe, epochs=request.epochs)
    return recipe if request.batch is None else replace(recipe, batch=request.batch)


def _duration(place: Workplace, rows: Rows, recipe: Recipe) -> Duration:
    pace = place.trainer.pace(rows.learned, recipe)
    seconds = seconds_of(rows, recipe, pace)
    how = f"measured here: the training step itself computed {pace:.0f} tokens a second"
    return Duration(seconds, pace, f"{how}; measuring the held-out examples is counted")
