"""What a training run holds from its first step to its last:

    weights + adapter + gradients + optimizer

Sources: bitsandbytes' storage of NF4 with double quantisation (4 bits, one byte for each 64
weights, one float32 for each 256 of those bytes: 0.516 bytes a weight, the 4.127 bits of the QLoRA
paper, arXiv 2305.14314); mixed precision with Adam at 16 bytes a parameter from ZeRO
(arXiv 1910.02054).
"""

from __future__ import annotations

from pakar.training.ledger import Line
from pakar.training.model_shape import ModelShape
from pakar.training.run_setup import Setup

_NF4_BLOCK = 64
_ABSMAX_BLOCK = 256
# Of bitsandbytes: smaller tensors keep their optimizer state in float32.
_SMALLEST_8BIT = 4096


def states(shape: ModelShape, setup: Setup) -> list[Line]:
    """The lines of all states, on one device that holds them alone."""
    return [*_weights(shape, setup), *_adapter(shape, setup), *_optimizer(shape, setup)]


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


def _times(count: int, width: int) -> str:
    return f"{count:,} × {width} bytes"
