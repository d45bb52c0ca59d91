"""How long a training run takes: from its arithmetic, or from one layer timed on this machine.

On a graphics card the arithmetic and the card's data sheet give an estimate. On a CPU that is too
far from the truth, so a few layers of the model's shape, with random weights, are run forward and
backward; layers and tokens are multiplied from there. Knows no memory limits and no files.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pakar.training.gpus import UTILISATION, Gpu
from pakar.training.model_shape import ModelShape
from pakar.training.plain_step import Step, plain_step
from pakar.training.run_setup import Setup
from pakar.training.states import adapter_parameters
from pakar.training.workload import Workload

# Makes a training step over some decoder layers of a model.
StepOf = Callable[[Mapping[str, object], ModelShape, Setup, int], Step]

# Arithmetic that a probe may take: a few seconds on a slow CPU.
_PROBE_FLOPS = 3e11
_REPEATS = 2
# The difference to one layer is multiplied by all layers, and so is its noise: small layers are
# timed in greater number.
_FEW_LAYERS, _MORE_LAYERS = 2, 5
_SMALL_LAYER = 20_000_000
_FEWEST_TOKENS = 256


@dataclass(frozen=True, slots=True)
class Duration:
    """Seconds of the whole run, and how they were found."""

    seconds: float
    tokens_per_second: float
    how: str


def flops(shape: ModelShape, setup: Setup, work: Workload) -> float:
    """Floating-point operations of one pass over all examples, forward and backward.

    A product of n weights costs 2n a token forward and 2n for its input's gradient; another 2n
    where the weights learn. Checkpointing adds the forward pass once more.
    """
    passes = 3 if setup.method == "full" else 2
    repeated = 1 if setup.checkpointing else 0
    weights = shape.linear_weights * work.tokens
    pairs = sum(length * length for length in work.lengths) * work.repeats
    # Scores and weighted values, of which causal attention needs half; backward costs it twice.
    attention = shape.layers * 2 * shape.queries * pairs
    products = 2 * weights * (passes + repeated) + attention * (3 + repeated)
    adapter = 0 if setup.method == "full" else 6 * adapter_parameters(shape, setup) * work.tokens
    return float(products + adapter + 2 * passes * shape.embedding * work.answer_tokens)


def on_gpus(shape: ModelShape, setup: Setup, work: Workload, gpu: Gpu, count: int = 1) -> Duration:
    """From the card's data sheet; an estimate, and no more."""
    total = flops(shape, setup, work) * work.epochs
    rate = gpu.teraflops * 1e12 * UTILISATION * count
    how = (
        f"estimate: {total:.2e} operations at {UTILISATION:.0%} of {count} × {gpu.teraflops:g} "
        "TFLOPS, communication not counted"
    )
    return Duration(total / rate, work.tokens * work.epochs * rate / total, how)


def on_this_cpu(
    config: Mapping[str, object],
    shape: ModelShape,
    setup: Setup,
    work: Workload,
    step_of: StepOf = plain_step,
) -> Duration:
    """From layers timed here, at the size of the run's own micro-batches. Takes seconds."""
    sequences, length, answers = _probe_size(shape, setup, work)
    one = _timed(step_of(config, shape, setup, 1), sequences, length, answers)
    layers = _probe_layers(shape)
    more = _timed(step_of(config, shape, setup, layers), sequences, length, answers)
    layer = max((more - one) / (layers - 1), 0.1 * one)
    around = max(one - layer, 0.0)
    share = 1.33 if setup.checkpointing else 1.0
    each = (layer * shape.layers * share + around) / (sequences * length)
    tokens = work.tokens * work.epochs
    how = (
        f"measured here: {sequences} × {length} tokens took {layer:.3f} s a layer and "
        f"{around:.3f} s around them; × {shape.layers} layers"
    )
    return Duration(tokens * each, 1 / each, how)


def scaled(
    known: Duration, shape: ModelShape, work: Workload, setups: tuple[Setup, Setup]
) -> Duration:
    """The second setup's time by its arithmetic, where the first one's was measured."""
    factor = flops(shape, setups[1], work) / flops(shape, setups[0], work)
    how = f"{factor:.2f} times that of {setups[0].method}, by the arithmetic; {known.how}"
    return Duration(known.seconds * factor, known.tokens_per_second / factor, how)


def _probe_size(shape: ModelShape, setup: Setup, work: Workload) -> tuple[int, int, int]:
    """Sequences, their length and answer tokens: the run's, unless that would take too long."""
    length = max(1, round(work.tokens / work.examples))
    tokens = work.largest.tokens
    a_token = flops(shape, setup, work) / work.tokens * (_probe_layers(shape) + 1) / shape.layers
    allowed = max(_FEWEST_TOKENS, int(_PROBE_FLOPS / (a_token * (_REPEATS + 1))))
    tokens = min(tokens, allowed)
    length = min(length, tokens)
    sequences = max(1, tokens // length)
    answers = max(1, round(sequences * length * work.answer_tokens / work.tokens))
    return sequences, length, answers


def _probe_layers(shape: ModelShape) -> int:
    return _MORE_LAYERS if shape.layer_parameters < _SMALL_LAYER else _FEW_LAYERS


def _timed(step: Step, sequences: int, length: int, answers: int) -> float:
    step(sequences, length, answers)  # the first one allocates
    best = float("inf")
    for _ in range(_REPEATS):
        start = time.perf_counter()
        step(sequences, length, answers)
        best = min(best, time.perf_counter() - start)
    return best
