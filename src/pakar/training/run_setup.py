"""What memory and time of a training run depend on beside the model: settings, batch, device.

Values that are checked when they are made; knows no arithmetic.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from pakar.errors import ConfigError
from pakar.training.model_shape import Linear, ModelShape

PlanMethod = Literal["lora", "qlora", "full"]
Optimizer = Literal["adamw", "adamw_8bit", "adafactor", "sgd"]
NumberFormat = Literal["float32", "bfloat16", "float16"]

METHODS: tuple[PlanMethod, ...] = get_args(PlanMethod)
OPTIMIZERS: tuple[Optimizer, ...] = get_args(Optimizer)
FORMATS: tuple[NumberFormat, ...] = get_args(NumberFormat)
ALL_LINEAR = "all-linear"

# CUDA context, cuBLAS and allocator; assumed, as no GPU was there to measure it on.
GPU_PROCESS = 800_000_000


@dataclass(frozen=True, slots=True)
class Kernels:
    """What an implementation of the training step keeps between forward and backward.

    `fused`: a linear layer and its adapter are one product with W + s·B·A, formed anew in each
    pass. `casts_input`: the adapter reads a float32 copy of each layer's input (peft).
    `dropout`: the adapter reads a copy with dropout, and its mask stays. `wide_norms`: the
    normalisations keep float32 copies. `attention_copies`: arrays of the attention's output.
    `head_arrays`: float32 arrays of answer tokens × vocabulary alive at once; our own loss makes
    one beside the scores.
    """

    name: str
    fused: bool = False
    casts_input: bool = False
    dropout: bool = False
    wide_norms: bool = False
    attention_copies: int = 1
    head_arrays: int = 3


# One autograd function a linear layer, torch's own normalisation.
FUSED = Kernels("fused", fused=True, head_arrays=2)
# peft's layers as they are, in a model of transformers.
PEFT = Kernels("peft", casts_input=True, wide_norms=True)


@dataclass(frozen=True, slots=True)
class Setup:
    """How is trained. `targets` are names of linear layers, or "all-linear"."""

    method: PlanMethod = "lora"
    rank: int = 16
    targets: tuple[str, ...] = (ALL_LINEAR,)
    optimizer: Optimizer = "adamw"
    precision: NumberFormat = "float32"
    checkpointing: bool = False
    kernels: Kernels = FUSED

    def __post_init__(self) -> None:
        _one_of("method", self.method, METHODS)
        _one_of("optimizer", self.optimizer, OPTIMIZERS)
        _one_of("precision", self.precision, FORMATS)
        if not 1 <= self.rank <= 65_536:
            raise ConfigError(f"rank {self.rank}: no adapter has it", hint="Usual: 8 to 64.")
        if not self.targets:
            raise ConfigError("no target layer is named", hint=f"Usual: {ALL_LINEAR}.")

    @property
    def width(self) -> int:
        """Bytes of a number in the chosen precision."""
        return 4 if self.precision == "float32" else 2

    def adapted(self, shape: ModelShape) -> tuple[Linear, ...]:
        """The linear layers of a decoder layer that learn. All of them where all is trained."""
        if self.method == "full" or ALL_LINEAR in self.targets:
            return shape.linears
        known = {one.name: one for one in shape.linears}
        for name in self.targets:
            if name not in known:
                raise ConfigError(
                    f"target {name!r}: the model has no such linear layer",
                    hint=f"It has {', '.join(known)}; or all of them: {ALL_LINEAR}.",
                )
        return tuple(one for one in shape.linears if one.name in self.targets)


@dataclass(frozen=True, slots=True)
class MicroBatch:
    """What one device reads at once: sequences one behind the other, hardly any padding."""

    tokens: int
    answers: int

    def __post_init__(self) -> None:
        if self.tokens < 1 or not 0 <= self.answers <= self.tokens:
            raise ConfigError(
                f"a batch of {self.tokens} tokens with {self.answers} to be learned is impossible",
                hint="Give a positive length, and answers no longer than it.",
            )


@dataclass(frozen=True, slots=True)
class Device:
    """What memory depends on beside the model and the settings.

    `count` equal devices hold the states together. `process` bytes are there before any weight;
    `gaps` is the share of activations that the allocator wastes between them, and `compiled` what
    the library's own code for products in 16 bits takes.
    """

    count: int = 1
    process: int = 0
    gaps: float = 0.0
    compiled: int = 0


ONE = Device()


def _one_of(what: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ConfigError(f"{what} {value!r}: unknown", hint=f"Known: {', '.join(known)}.")
