"""From what a user asks to plans: which model, which settings, how much data, which machine.

Finds the configuration of a model by its spec without loading or fetching any weight.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from pakar.backends.packed_batch import in_token_budget, tokens_held
from pakar.backends.time_limit import first_steps
from pakar.backends.training_steps import steps_of
from pakar.config import Config
from pakar.errors import ConfigError
from pakar.ports import Recipe, Row
from pakar.registry import parse_spec
from pakar.training.duration import scaled
from pakar.training.gpus import find_gpu
from pakar.training.machine import CPU_PROCESS, Machine, of_gpus, this_machine
from pakar.training.model_shape import ModelShape
from pakar.training.plain_step import plain_step
from pakar.training.plan import Plan, PlannedModel, model_of_size, plan_training, planned_model
from pakar.training.run_setup import (
    ALL_LINEAR,
    MicroBatch,
    NumberFormat,
    Optimizer,
    PlanMethod,
    Setup,
)
from pakar.training.workload import MICRO_TOKENS, Workload, even, measured

DEFAULT_EXAMPLES = 1000
DEFAULT_LENGTH = 512
# So many steps tell how large the largest is; a longer training would take longer to lay out.
_LAID_OUT = 2000


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """What to plan for. Empty fields are taken from the settings or from what is usual.

    `model` is a spec, `parameters` a size such as "70B" instead. `targets` are names of linear
    layers. `length` and `answer` are tokens of an example and of its answer; `tokens` is the size
    of all examples, instead of their number. `gpu` is a card of the table, `gpus` how many.
    `process` is what the process holds before any weight, in bytes, where it trains on a CPU.
    """

    model: str = ""
    parameters: str = ""
    rank: int | None = None
    targets: tuple[str, ...] = ()
    optimizer: str = "adamw"
    precision: str = "auto"
    checkpointing: bool | None = None
    batch: int | None = None
    length: int | None = None
    answer: int | None = None
    examples: int | None = None
    tokens: int | None = None
    epochs: float | None = None
    micro_tokens: int = MICRO_TOKENS
    gpu: str = ""
    gpus: int | None = None
    process: int = CPU_PROCESS
    timed: bool = True

    @property
    def is_about_own(self) -> bool:
        """Whether it names neither a model, nor a card, nor how much there is to learn."""
        given = (self.model, self.parameters, self.gpu)
        counted = (self.gpus, self.length, self.answer, self.examples, self.tokens)
        return not any(given) and all(one is None for one in counted)


Counts = Sequence[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class OwnWork:
    """Of examples that are there: the tokens of each that memory holds and those for which all
    words are scored; of the steps that a training will read them in, the largest part."""

    counts: Counts
    largest: MicroBatch | None = None


def own_work(rows: Sequence[Row], recipe: Recipe, paced: Recipe | None = None) -> OwnWork:
    """The rows' own counts, and the very steps that the recipe lays out for them.

    A training of a limited time reads the first of them as the recipe `paced` has it before.
    """
    counts = [_held([row], recipe) for row in rows]
    epochs = min(recipe.epochs, _LAID_OUT * recipe.batch / max(1, len(rows)))
    laid_out = steps_of(rows, batch=recipe.batch, epochs=epochs, seed=recipe.seed)
    parts = _parts([[rows[at] for at in step] for step in laid_out], recipe)
    if paced is not None:
        parts += _parts(first_steps(rows, paced)[0], paced)
    return OwnWork(counts, MicroBatch(*max(parts)) if parts else None)


def _parts(steps: Sequence[Sequence[Row]], recipe: Recipe) -> list[tuple[int, int]]:
    gradient = recipe.gradient_tokens
    return [
        _held(part, recipe)
        for step in steps
        for part in in_token_budget(step, recipe.micro_tokens, gradient_tokens=gradient)
    ]


def _held(rows: Sequence[Row], recipe: Recipe) -> tuple[int, int]:
    """Tokens that memory holds of a part, and those for which all words are scored."""
    tokens = tokens_held(rows, recipe.gradient_tokens)
    scored = sum(row.learned + recipe.question_tokens for row in rows)
    return tokens, min(tokens, scored)


def make_plans(
    methods: Sequence[str], request: PlanRequest, config: Config, own: OwnWork | None = None
) -> list[Plan]:
    """A plan for each method. One is timed on a CPU, the others are scaled by their arithmetic."""
    first = make_plan(methods[0], request, config, own)
    others = [
        make_plan(method, replace(request, timed=False), config, own) for method in methods[1:]
    ]
    return [first, *(_timed_as(first, other, _model(request, config)) for other in others)]


def _timed_as(known: Plan, other: Plan, model: PlannedModel) -> Plan:
    if other.duration is not None or known.duration is None:
        return other
    setups = (known.setup, other.setup)
    return replace(other, duration=scaled(known.duration, model.shape, other.work, setups))


def make_plan(
    method: str, request: PlanRequest, config: Config, own: OwnWork | None = None
) -> Plan:
    """The plan of one method, for the expert's `own` examples where there are any.

    Raises ConfigError, ModelError or ModelMissingError with a way out.
    """
    model = _model(request, config)
    machine = _machine(request)
    training = config.training
    setup = Setup(
        cast(PlanMethod, method),
        training.rank if request.rank is None else request.rank,
        request.targets or (ALL_LINEAR,),
        cast(Optimizer, request.optimizer),
        _precision(request.precision, machine),
    )
    work = _work(request, config, own, model)
    probe = plain_step if request.timed and _can_probe() else None
    return plan_training(
        model, setup, work, machine, probe=probe, checkpointing=request.checkpointing
    )


def planned_shape(request: PlanRequest, config: Config) -> ModelShape:
    """The shape of the model that is planned for."""
    return _model(request, config).shape


def _model(request: PlanRequest, config: Config) -> PlannedModel:
    if request.parameters and request.model:
        raise ConfigError(
            "a model and a number of parameters are both named", hint="Name one of them."
        )
    if request.parameters:
        return model_of_size(request.parameters)
    spec = request.model or config.models.language_model
    return planned_model(spec, _folder(spec))


def _folder(spec: str) -> Path | None:
    """Where the model's config.json lies on this machine. Nothing is fetched."""
    parts = parse_spec(spec)
    if parts.kind == "openai":
        raise ConfigError(
            f"{spec!r}: a model at an endpoint is not trained here",
            hint="Name one that runs here: hf:ORG/NAME, path:DIR or bundled:NAME.",
        )
    if parts.kind == "path":
        from pakar.backends.local_folder import model_folder as local_folder

        return local_folder(parts.name)
    if parts.kind == "bundled":
        from pakar.backends import bundled_smollm2

        return bundled_smollm2.model_folder() if parts.name == bundled_smollm2.NAME else None
    if parts.kind == "hf" and importlib.util.find_spec("huggingface_hub"):
        from pakar.backends.hub import cached_config

        return cached_config(parts.name)
    return None


def _machine(request: PlanRequest) -> Machine:
    if request.gpu:
        return of_gpus(find_gpu(request.gpu), 1 if request.gpus is None else request.gpus)
    if request.gpus is not None:
        raise ConfigError(f"{request.gpus} GPUs of which kind?", hint='Name it: --gpu "A100 80GB".')
    return replace(this_machine(), process=request.process)


def _precision(wanted: str, machine: Machine) -> NumberFormat:
    if wanted != "auto":
        return cast(NumberFormat, wanted)
    if machine.gpu is not None and not machine.gpu.bfloat16:
        return "float16"
    if machine.on_card:
        return "bfloat16"
    if importlib.util.find_spec("torch") is None:
        return "float32"
    from pakar.backends.numeric_precision import has_native_bfloat16

    return "bfloat16" if has_native_bfloat16() else "float32"


def _work(
    request: PlanRequest, config: Config, own: OwnWork | None, model: PlannedModel
) -> Workload:
    training = config.training
    batch = training.batch if request.batch is None else request.batch
    epochs = training.epochs if request.epochs is None else request.epochs
    asked = any(one is not None for one in (request.length, request.examples, request.tokens))
    if own and own.counts and not asked:
        lengths, answers = zip(*own.counts, strict=True)
        work = replace(measured(lengths, answers, batch=batch, epochs=epochs), met=own.largest)
    else:
        # A model may read less than the usual length.
        usual = min(DEFAULT_LENGTH, model.shape.context)
        length = usual if request.length is None else request.length
        number = _number(request, length)
        work = even(number, length, request.answer, batch=batch, epochs=epochs)
    return replace(work, micro_tokens=request.micro_tokens)


def _number(request: PlanRequest, length: int) -> int:
    if request.tokens is not None and request.examples is not None:
        raise ConfigError("examples and tokens are both named", hint="Name one of them.")
    if request.tokens is not None:
        return max(1, request.tokens // max(1, length)) if request.tokens > 0 else 0
    return DEFAULT_EXAMPLES if request.examples is None else request.examples


def _can_probe() -> bool:
    return all(importlib.util.find_spec(name) for name in ("torch", "transformers"))
