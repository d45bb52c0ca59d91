"""The plan of a training run: its memory, its time, where it fits and where it would.

Puts the parts together; usable without an expert:

    model = planned_model("hf:microsoft/Phi-4-mini-instruct")
    plan = plan_training(model, Setup(method="qlora"), even(1000, 512), this_machine())
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from pakar.errors import ConfigError, ModelError, ModelMissingError
from pakar.training.duration import Duration, StepOf, on_gpus, on_this_cpu
from pakar.training.gpus import SIZES, Gpu
from pakar.training.known_models import find_known, parameter_count, shape_of_size
from pakar.training.ledger import Memory
from pakar.training.machine import Machine, of_gpus
from pakar.training.memory import memory
from pakar.training.model_shape import ModelShape, read_shape
from pakar.training.plain_step import plain_step
from pakar.training.run_setup import Setup
from pakar.training.states import trained_parameters
from pakar.training.workload import Workload

_MOST_CARDS = 10_000
# A probe of random layers may take this share of the memory.
_PROBE_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class PlannedModel:
    """A model's name, its configuration and shape, and where the numbers are from."""

    name: str
    config: Mapping[str, object]
    shape: ModelShape
    source: str


@dataclass(frozen=True, slots=True)
class Fit:
    """So many of a card hold the run; `bare` counts them for weights and states alone."""

    gpu: Gpu
    count: int
    bare: int
    checkpointing: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """What a training run will take on each device of `machine`. `duration` is None where nobody
    could say. `elsewhere` are the fewest cards of each size that hold it; `notes` say what was
    assumed."""

    model: str
    source: str
    parameters: int
    trained: int
    setup: Setup
    work: Workload
    machine: Machine
    memory: Memory
    duration: Duration | None
    elsewhere: tuple[Fit, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def needed(self) -> int:
        """The peak on each device, in bytes."""
        return self.memory.peak

    @property
    def resident(self) -> int:
        """The peak that the operating system shows for a process on a CPU: while weights are read
        it counts the file's pages too, which it takes back when memory runs short."""
        return max(self.memory.peak, self.memory.loading)

    @property
    def fits(self) -> bool:
        return self.needed <= self.machine.bytes


def planned_model(spec: str, folder: Path | None = None) -> PlannedModel:
    """By spec: from the `folder` with its config.json where there is one, else from known facts."""
    if folder is not None:
        path = folder / "config.json"
        config = _read(path, spec)
        return PlannedModel(spec, config, read_shape(config, name=spec), "its config.json")
    known = find_known(spec)
    if known is None:
        raise ModelMissingError(
            f"{spec!r:.200}: its configuration is not on this machine and not among known models",
            hint="Bring its config.json into a folder and use path:DIR, or plan by size: "
            "pakar plan --parameters 7B",
        )
    return PlannedModel(spec, known.config, read_shape(known.config, name=spec), known.source)


def model_of_size(text: str) -> PlannedModel:
    """A model of "70B" parameters: the shape of the known one that is nearest in size."""
    known, shape = shape_of_size(parameter_count(text))
    source = f"the shape of {known.name} with {shape.layers} layers"
    return PlannedModel(f"{text.strip()} parameters", known.config, shape, source)


def plan_training(
    model: PlannedModel,
    setup: Setup,
    work: Workload,
    machine: Machine,
    *,
    probe: StepOf | None = plain_step,
    checkpointing: bool | None = None,
) -> Plan:
    """Memory and time on `machine`, and which cards would hold the run.

    `checkpointing` None means: only where the run does not fit without. `probe` makes the step
    that is timed on a CPU; None times nothing. Raises ConfigError for what cannot be.
    """
    longest = max(work.lengths)
    if longest > model.shape.context:
        raise ConfigError(
            f"examples of {longest:,} tokens: {model.name} reads {model.shape.context:,}",
            hint="Shorten them, or choose a model with a longer context.",
        )
    setup = _settled(model.shape, setup, work, machine, checkpointing)
    found = memory(model.shape, setup, work.largest, where=machine.device)
    plan = Plan(
        model.name, model.source, model.shape.parameters,
        trained_parameters(model.shape, setup), setup, work, machine, found,
        _duration(model, setup, work, machine, probe),
        tuple(fit for gpu in SIZES if (fit := cards(model.shape, setup, work, gpu))),
    )  # fmt: skip
    return replace(plan, notes=_notes(model, plan))


def cards(shape: ModelShape, setup: Setup, work: Workload, gpu: Gpu) -> Fit | None:
    """The fewest of this card that hold the run; None where no number does.

    Without checkpointing where as few hold it, else with.
    """
    # Cards compute in 16 bits; a CPU without them was planned in float32.
    setup = replace(setup, precision="bfloat16" if gpu.bfloat16 else "float16")
    counts = {
        repeated: _fewest(shape, replace(setup, checkpointing=repeated), work, gpu)
        for repeated in (False, True)
    }
    best = min((count, repeated) for repeated, count in counts.items())
    if best[0] > _MOST_CARDS:
        return None
    return Fit(gpu, best[0], bare_cards(shape, setup, work, gpu), best[1])


def bare_cards(shape: ModelShape, setup: Setup, work: Workload, gpu: Gpu) -> int:
    """Cards whose memory adds up to weights, gradients and optimizer state: the usual sum."""
    states = memory(shape, setup, work.largest).of("weights", "adapter", "optimizer")
    return -(-states // gpu.bytes)


def _fewest(shape: ModelShape, setup: Setup, work: Workload, gpu: Gpu) -> int:
    def peak(count: int) -> int:
        where = of_gpus(gpu, count).device
        return memory(shape, setup, work.largest, where=where).peak

    if peak(1) <= gpu.bytes:
        return 1
    low, high = 2, _MOST_CARDS
    if peak(high) > gpu.bytes:
        return _MOST_CARDS + 1
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if peak(middle) <= gpu.bytes else (middle + 1, high)
    return low


def _settled(
    shape: ModelShape, setup: Setup, work: Workload, machine: Machine, checkpointing: bool | None
) -> Setup:
    if checkpointing is not None:
        return replace(setup, checkpointing=checkpointing)
    kept = replace(setup, checkpointing=False)
    peak = memory(shape, kept, work.largest, where=machine.device).peak
    return kept if peak <= machine.bytes else replace(setup, checkpointing=True)


def _duration(
    model: PlannedModel, setup: Setup, work: Workload, machine: Machine, probe: StepOf | None
) -> Duration | None:
    if machine.gpu is not None:
        return on_gpus(model.shape, setup, work, machine.gpu, machine.count)
    if probe is None or machine.on_card:
        return None
    around = model.shape.embedding + model.shape.head + 3 * model.shape.layer_parameters
    if 2 * around * setup.width > machine.bytes * _PROBE_SHARE:
        return None
    return on_this_cpu(model.config, model.shape, setup, work, probe)


def _notes(model: PlannedModel, plan: Plan) -> tuple[str, ...]:
    notes = [f"configuration: {model.source}"]
    if plan.work.assumed:
        notes.append(plan.work.assumed)
    if plan.machine.on_card:
        notes.append("a card's process takes 0.8 GB (assumed); its size is counted in 10^9 bytes")
    if plan.machine.count > 1:
        notes.append("weights, gradients and states are sharded (ZeRO-3, FSDP)")
    if plan.setup.method == "qlora" and not plan.machine.on_card:
        notes.append("time: unpacking 4-bit weights is not in the estimate")
    if model.shape.architecture == "gemma2":
        notes.append("gemma2 caps its attention scores; their matrices are not counted")
    return tuple(notes)


def _read(path: Path, spec: str) -> Mapping[str, object]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(
            f"{spec}: {path} cannot be read: {error}", hint="Fetch the file again."
        ) from error
    if not isinstance(found, dict):
        raise ModelError(f"{spec}: {path} holds no JSON object", hint="Fetch the file again.")
    return found
