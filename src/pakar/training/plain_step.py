"""A plain training step of a model with random weights: what the plan's probe times.

One autograd function a linear layer keeps only the layer's input; the output layer scores answer
tokens only. Knows no data, no optimizer and no file. It stands for the real training step;
`duration.on_this_cpu` takes any other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from pakar.backends.extras import require
from pakar.training.model_shape import ModelShape
from pakar.training.run_setup import Setup

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

# Runs forward and backward over this many sequences of this many tokens, so many of them answers.
Step = Callable[[int, int, int], None]


def plain_step(config: Mapping[str, object], shape: ModelShape, setup: Setup, layers: int) -> Step:
    """A step over `layers` decoder layers of the model, in setup's precision, on the CPU."""
    require("torch", "transformers")
    import torch

    from pakar.backends.split_cross_entropy import split_cross_entropy

    model = _random_model(config, layers, setup)
    for one in setup.adapted(shape):
        for layer in model.model.layers:
            _adapt(layer, one.name, setup)
    weight = model.lm_head.weight
    generator = torch.Generator().manual_seed(0)

    def step(sequences: int, length: int, answers: int) -> None:
        ids = torch.randint(shape.vocabulary, (sequences, length), generator=generator)
        hidden = model.model(input_ids=ids, use_cache=False).last_hidden_state
        learned = hidden.flatten(0, 1)[-answers:] if answers else hidden[:, -1]
        scores = torch.nn.functional.linear(learned, weight)
        loss, _ = split_cross_entropy(scores, ids.flatten()[: len(scores)], len(scores))
        del hidden, learned, scores
        torch.autograd.backward(loss)

    return step


def _random_model(config: Mapping[str, object], layers: int, setup: Setup) -> PreTrainedModel:
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    given = {key: value for key, value in config.items() if key != "model_type"}
    inner = given.get("text_config")
    if isinstance(inner, Mapping):
        given = dict(inner)
    kind = {"gemma3": "gemma3_text"}.get(str(config["model_type"]), str(config["model_type"]))
    for key in ("layer_types", "dtype", "torch_dtype", "model_type"):
        given.pop(key, None)
    # A model's own ids may lie above a vocabulary that is cut for a test; random tokens need none.
    given |= {"num_hidden_layers": layers, "pad_token_id": 0}
    made = AutoConfig.for_model(kind, **given)
    dtype = getattr(torch, setup.precision)
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(made, dtype=dtype, attn_implementation="sdpa")
    model.to_empty(device="cpu").requires_grad_(setup.method == "full")
    with torch.no_grad():
        for weight in model.parameters():
            weight.normal_(std=0.02) if weight.dim() > 1 else weight.fill_(1.0)
    model.tie_weights()
    _fill_buffers(model)
    # The input needs a gradient, or the first layer's backward pass would be cheaper than others'.
    model.get_input_embeddings().register_forward_hook(_with_gradient)
    return model.train()


def _fill_buffers(model: PreTrainedModel) -> None:
    """Rotary frequencies and their like: on the meta device they got no values."""
    for module in model.modules():
        for name, value in module.named_buffers(recurse=False):
            value.copy_(value.new_full(value.shape, 0.01) if "inv_freq" in name else value * 0 + 1)


def _with_gradient(module: object, inputs: object, output: torch.Tensor) -> torch.Tensor:
    return output if output.requires_grad else output.requires_grad_()


def _adapt(layer: torch.nn.Module, name: str, setup: Setup) -> None:
    """Puts an adapter on the named linear layer of a decoder layer."""
    from pakar.training.plain_layer import adapt

    if setup.method != "full":
        attention, feed_forward = layer.get_submodule("self_attn"), layer.get_submodule("mlp")
        adapt(attention if hasattr(attention, name) else feed_forward, name, setup.rank)
