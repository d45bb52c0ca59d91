"""What a training run holds in memory on one device, term by term, from a model's shape alone.

    states + kept activations + working space + process

Every line of the ledger carries its own arithmetic. All sizes are bytes; GB are 10^9. Knows no
machine, no files and no torch: which GPUs there are and what fits is `plan.py`'s, what is there
from the first step to the last is `states.py`'s.

Sources: sharding from ZeRO (arXiv 1910.02054); what torch's autograd keeps of each operation was
counted with `torch.autograd.graph.saved_tensors_hooks`.
"""

from __future__ import annotations

from collections.abc import Iterable

from pakar.training.ledger import Line, Memory
from pakar.training.model_shape import Linear, ModelShape
from pakar.training.run_setup import ONE, Device, MicroBatch, Setup
from pakar.training.states import nf4_bytes, states


def memory(shape: ModelShape, setup: Setup, batch: MicroBatch, *, where: Device = ONE) -> Memory:
    """The ledger of each of `where.count` equal devices; with several, all states are sharded.

    Sharding is that of ZeRO-3 and FSDP: every device reads its own micro-batch and gathers the
    layer that it computes with.
    """
    devices, process, gaps = where.count, where.process, where.gaps
    lines = [_shared(line, devices) for line in states(shape, setup)]
    lines += _activations(shape, setup, batch)
    lines += [*_passing_weights(shape, setup), _working(shape, setup, batch)]
    if devices > 1:
        lines.append(_gathered(shape, setup))
    if gaps:
        lines.append(_gaps(lines, gaps))
    if where.compiled and setup.width == 2:
        how = "for each combination of sizes, as a CPU has no ready ones in 16 bits"
        lines.append(Line("working", "compiled products", where.compiled, how))
    if process:
        lines.append(Line("process", "process", process, "before any weight is loaded"))
    weights = sum(line.bytes for line in lines if line.group == "weights")
    # The file, mapped into memory, lies beside the weights until they are all converted.
    stored = 2 * shape.parameters // devices
    return Memory(tuple(line for line in lines if line.bytes), weights + stored + process)


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
