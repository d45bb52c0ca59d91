"""What a training run holds in memory on one device, term by term, from a model's shape alone.

    weights + adapter + gradients + optimizer + kept activations + working space + process

Every line of the ledger carries its own arithmetic. All sizes are bytes; GB are 10^9. Knows no
machine, no files and no torch: which GPUs there are and what fits is `plan.py`'s.

Sources: bitsandbytes' storage of NF4 with double quantisation (4 bits, one byte for each 64
weights, one float32 for each 256 of those bytes: 0.516 bytes a weight, the 4.127 bits of the QLoRA
paper, arXiv 2305.14314); mixed precision with Adam at 16 bytes a parameter and its sharding from
ZeRO (arXiv 1910.02054); what torch's autograd keeps of each operation was counted with
`torch.autograd.graph.saved_tensors_hooks`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

from pakar.errors import ConfigError
from pakar.training.model_shape import Linear, ModelShape

PlanMethod = Literal["lora", "qlora", "full"]
Optimizer = Literal["adamw", "adamw_8bit", "adafactor", "sgd"]
NumberFormat = Literal["float32", "bfloat16", "float16"]
Group = Literal["weights", "adapter", "optimizer", "activations", "working", "process"]

METHODS: tuple[PlanMethod, ...] = get_args(PlanMethod)
OPTIMIZERS: tuple[Optimizer, ...] = get_args(Optimizer)
FORMATS: tuple[NumberFormat, ...] = get_args(NumberFormat)
ALL_LINEAR = "all-linear"

_NF4_BLOCK = 64
_ABSMAX_BLOCK = 256
# Of bitsandbytes: smaller tensors keep their optimizer state in float32.
_SMALLEST_8BIT = 4096
# CUDA context, cuBLAS and allocator; assumed, as no GPU was there to measure it on.
GPU_PROCESS = 800_000_000


@dataclass(frozen=True, slots=True)
class Kernels:
    """What an implementation of the training step keeps between forward and backward.

    `fused`: a linear layer and its adapter are one product with W + s·B·A, formed anew in each
    pass. `casts_input`: the adapter reads a float32 copy of each layer's input (peft).
    `dropout`: the adapter reads a copy with dropout, and its mask stays. `wide_norms`: the
    normalisations keep float32 copies. `attention_copies`: arrays of the attention's output.
    `head_arrays`: float32 arrays of answer tokens × vocabulary alive at once.
    """

    name: str
    fused: bool = False
    casts_input: bool = False
    dropout: bool = False
    wide_norms: bool = False
    attention_copies: int = 1
    head_arrays: int = 3


# One autograd function a linear layer, torch's own normalisation.
FUSED = Kernels("fused", fused=True)
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
    """What one device reads at once: sequences one behind the other, no padding."""

    tokens: int
    answers: int

    def __post_init__(self) -> None:
        if self.tokens < 1 or not 0 <= self.answers <= self.tokens:
            raise ConfigError(
                f"a batch of {self.tokens} tokens with {self.answers} to be learned is impossible",
                hint="Give a positive length, and answers no longer than it.",
            )


@dataclass(frozen=True, slots=True)
class Line:
    """One term on one device, and how it comes about."""

    group: Group
    name: str
    bytes: int
    how: str


@dataclass(frozen=True, slots=True)
class Memory:
    """The ledger of one device. `peak` is its sum; `loading` the peak while weights are read."""

    lines: tuple[Line, ...]
    loading: int

    @property
    def peak(self) -> int:
        return sum(line.bytes for line in self.lines)

    def of(self, *groups: Group) -> int:
        """Bytes of these groups together."""
        return sum(line.bytes for line in self.lines if line.group in groups)


@dataclass(frozen=True, slots=True)
class Device:
    """What memory depends on beside the model and the settings.

    `count` equal devices hold the states together. `process` bytes are there before any weight;
    `gaps` is the share of activations that the allocator wastes between them.
    """

    count: int = 1
    process: int = 0
    gaps: float = 0.0


ONE = Device()


def memory(shape: ModelShape, setup: Setup, batch: MicroBatch, *, where: Device = ONE) -> Memory:
    """The ledger of each of `where.count` equal devices; with several, all states are sharded.

    Sharding is that of ZeRO-3 and FSDP: every device reads its own micro-batch and gathers the
    layer that it computes with.
    """
    devices, process, gaps = where.count, where.process, where.gaps
    states = [*_weights(shape, setup), *_adapter(shape, setup), *_optimizer(shape, setup)]
    lines = [_shared(line, devices) for line in states]
    lines += _activations(shape, setup, batch)
    lines += [*_passing_weights(shape, setup), _working(shape, setup, batch)]
    if devices > 1:
        lines.append(_gathered(shape, setup))
    if gaps:
        lines.append(_gaps(lines, gaps))
    if process:
        lines.append(Line("process", "process", process, "before any weight is loaded"))
    weights = sum(line.bytes for line in lines if line.group == "weights")
    # The file, mapped into memory, lies beside the weights until they are all converted.
    stored = 2 * shape.parameters // devices
    return Memory(tuple(line for line in lines if line.bytes), weights + stored + process)


def nf4_bytes(weights: int) -> int:
    """Of one tensor in NF4 with double quantisation, as bitsandbytes stores it."""
    blocks = -(-weights // _NF4_BLOCK)
    tables = 4 * (16 + 256 + 1)
    return -(-weights // 2) + blocks + 4 * -(-blocks // _ABSMAX_BLOCK) + tables


def adapter_parameters(shape: ModelShape, setup: Setup) -> int:
    """Parameters of all A and B."""
    sizes = (one.inputs + one.outputs for one in setup.adapted(shape))
    return shape.layers * setup.rank * sum(sizes)


def trained_parameters(shape: ModelShape, setup: Setup) -> int:
    if setup.method == "full":
        return shape.parameters
    return adapter_parameters(shape, setup)


def saved_per_token(shape: ModelShape, setup: Setup) -> list[tuple[str, int]]:
    """Bytes that one decoder layer keeps for each token until its backward pass, by what they are.

    The input of a linear layer is kept only where the layer learns.
    """
    kernels, width = setup.kernels, setup.width
    adapted = setup.adapted(shape)
    full = setup.method == "full"
    norm_width = 4 if kernels.wide_norms else width
    norms = shape.norms * shape.hidden * (norm_width + (width if full else 0))
    # The attention's output is kept by the attention itself, whoever reads it.
    inputs = {one.reads: one.inputs for one in adapted if one.reads != "attention output"}
    # Over a fused product the output comes in another order than o_proj reads: one more copy.
    copies = kernels.attention_copies + shape.fused
    found = [
        ("inputs of the normalisations", norms),
        ("inputs of linear layers", width * sum(inputs.values())),
        ("queries, keys, values", width * _attention_inputs(shape, full)),
        ("attention output", width * copies * shape.queries),
        ("gate, up, activated gate", width * 3 * shape.feed_forward),
    ]
    if not full:
        found.append(("adapter's own copies", _adapter_copies(setup, adapted)))
    return [(name, size) for name, size in found if size]


def _attention_inputs(shape: ModelShape, full: bool) -> int:
    """Elements a token: what the attention reads, and what lies before it and stays."""
    kept = shape.queries + 2 * shape.keys
    if shape.fused:
        # The values are a view of the fused product, which stays whole beside the rotated ones.
        kept += shape.queries + shape.keys
    if shape.head_norms:
        kept += (shape.queries + shape.keys) * (2 if full else 1)
    return kept


def _adapter_copies(setup: Setup, adapted: Iterable[Linear]) -> int:
    kernels, copied = setup.kernels, 0
    for one in adapted:
        if kernels.casts_input and setup.width < 4:
            copied += 4 * one.inputs
        if kernels.dropout:
            copied += (setup.width + 1) * one.inputs
        if not kernels.fused:
            copied += 4 * setup.rank
    return copied


def _weights(shape: ModelShape, setup: Setup) -> list[Line]:
    width, total = setup.width, shape.parameters
    if setup.method != "qlora":
        how = f"{total:,} parameters × {width} bytes"
        return [Line("weights", "weights", total * width, how)]
    tensors = [nf4_bytes(one.weights) for one in shape.linears]
    packed = shape.layers * sum(tensors)
    rest = total - shape.linear_weights
    return [
        Line(
            "weights",
            "weights in 4 bits",
            packed,
            f"{shape.linear_weights:,} × (1/2 + 1/64 + 4/16,384) bytes, and tables",
        ),
        Line(
            "weights",
            "embeddings, output layer, norms",
            rest * width,
            f"{rest:,} parameters stay in {setup.precision} × {width} bytes",
        ),
    ]


def _adapter(shape: ModelShape, setup: Setup) -> list[Line]:
    """What is trained and its gradients; for full fine-tuning, the float32 master weights."""
    trained = trained_parameters(shape, setup)
    if setup.method == "full":
        lines = [Line("adapter", "gradients", trained * setup.width, _times(trained, setup.width))]
        if setup.width < 4:
            master = Line("adapter", "master weights", trained * 4, f"{trained:,} × 4 (float32)")
            lines.append(master)
        return lines
    sizes = " + ".join(f"{one.inputs}+{one.outputs}" for one in setup.adapted(shape))
    how = f"{shape.layers} layers × rank {setup.rank} × ({sizes}) = {trained:,}, × 4 (float32)"
    return [
        Line("adapter", "adapter", trained * 4, how),
        Line("adapter", "its gradients", trained * 4, _times(trained, 4)),
    ]


def _optimizer(shape: ModelShape, setup: Setup) -> list[Line]:
    trained = trained_parameters(shape, setup)
    name = f"{setup.optimizer} state"
    if setup.optimizer == "adamw":
        return [Line("optimizer", name, trained * 8, f"{trained:,} × 2 × 4 (float32)")]
    if setup.optimizer == "adamw_8bit":
        size, how = _state_8bit(shape, setup), f"{trained:,} × 2 × (1 + 4/256) bytes"
        return [Line("optimizer", name, size, how)]
    if setup.optimizer == "adafactor":
        rows = sum(rows + columns for rows, columns in _matrices(shape, setup))
        return [Line("optimizer", name, rows * 4, "one float32 for each row and column")]
    return []


def _state_8bit(shape: ModelShape, setup: Setup) -> int:
    size = counted = 0
    for rows, columns in _matrices(shape, setup):
        count = rows * columns
        counted += count
        blocks = -(-count // _ABSMAX_BLOCK)
        size += 2 * (count + 4 * blocks) if count >= _SMALLEST_8BIT else 8 * count
    return size + 8 * (trained_parameters(shape, setup) - counted)


def _matrices(shape: ModelShape, setup: Setup) -> list[tuple[int, int]]:
    """Rows and columns of all trained matrices."""
    if setup.method == "full":
        of_layer = [(one.outputs, one.inputs) for one in shape.linears]
        around = [(shape.vocabulary, shape.hidden)] * (1 if shape.tied else 2)
        return of_layer * shape.layers + around
    adapted = setup.adapted(shape)
    pairs = [[(setup.rank, one.inputs), (one.outputs, setup.rank)] for one in adapted]
    return [matrix for pair in pairs for matrix in pair] * shape.layers


def _activations(shape: ModelShape, setup: Setup, batch: MicroBatch) -> list[Line]:
    found = saved_per_token(shape, setup)
    lines = []
    if setup.checkpointing:
        size = shape.layers * batch.tokens * shape.hidden * setup.width
        how = f"{shape.layers} layers × {batch.tokens:,} tokens × {shape.hidden} × {setup.width}"
        lines.append(Line("activations", "inputs of the layers", size, how))
        whole = batch.tokens * sum(size for _, size in found)
        how = f"{batch.tokens:,} tokens × {sum(size for _, size in found):,} bytes"
        lines.append(Line("activations", "one layer, computed again", whole, how))
    else:
        for name, size in found:
            how = f"{shape.layers} layers × {batch.tokens:,} tokens × {size:,} bytes"
            lines.append(Line("activations", name, shape.layers * batch.tokens * size, how))
    return lines


def _passing_weights(shape: ModelShape, setup: Setup) -> list[Line]:
    """Weights that exist only while their layer is computed: unpacked, or joined with B·A."""
    copies = (setup.method == "qlora") + (setup.method != "full" and setup.kernels.fused)
    if not copies:
        return []
    most = max(one.weights for one in setup.adapted(shape))
    how = f"{copies} × the largest layer: {most:,} × {setup.width}"
    return [Line("working", "weights of the layer at hand", copies * most * setup.width, how)]


def _working(shape: ModelShape, setup: Setup, batch: MicroBatch) -> Line:
    """The larger of the output layer's arrays and one layer's gradients: never both at once."""
    arrays = setup.kernels.head_arrays
    head = arrays * batch.answers * shape.vocabulary * 4
    layer = batch.tokens * setup.width * (3 * shape.feed_forward + 2 * shape.hidden)
    if head >= layer:
        how = f"{arrays} × {batch.answers:,} answer tokens × {shape.vocabulary:,} words × 4"
        return Line("working", "output layer's scores", head, how)
    how = f"{batch.tokens:,} tokens × (3 × {shape.feed_forward} + 2 × {shape.hidden})"
    return Line("working", "gradients inside a layer", layer, f"{how} × {setup.width}")


def _gaps(lines: list[Line], share: float) -> Line:
    size = sum(line.bytes for line in lines if line.group in ("activations", "working"))
    how = f"{share:.0%} of activations and working space, as measured with glibc's malloc"
    return Line("working", "gaps between them", int(size * share), how)


def _gathered(shape: ModelShape, setup: Setup) -> Line:
    """Two layers (this one and the next), and the embedding, whole on every device."""
    layer = shape.layer_parameters * setup.width
    if setup.method == "qlora":
        layer = sum(nf4_bytes(one.weights) for one in shape.linears)
    units = 2 * layer + shape.embedding * setup.width
    how = f"2 layers × {layer:,} bytes + embedding {shape.embedding:,} × {setup.width}"
    if setup.method == "full":
        units += layer
        how += " + one layer's gradients"
    return Line("working", "gathered from the others", units, how)


def _shared(line: Line, devices: int) -> Line:
    if devices == 1:
        return line
    return Line(line.group, line.name, -(-line.bytes // devices), f"{line.how}, / {devices}")


def _times(count: int, width: int) -> str:
    return f"{count:,} × {width} bytes"


def _one_of(what: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ConfigError(f"{what} {value!r}: unknown", hint=f"Known: {', '.join(known)}.")
