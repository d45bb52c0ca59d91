"""Runs BERT-like encoders over many texts with no padding at all.

The tokens of a batch lie one after the other in one matrix, so the matrix products read each
weight once and compute nothing for padding; only attention looks at the texts one by one. Knows
the BERT and XLM-RoBERTa architectures, no tokenizer and no prompts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from pakar.backends.encoder_folder import EncoderConfig, read_config, read_parameters
from pakar.backends.extras import require
from pakar.backends.numeric_precision import Precision, data_type, device_name
from pakar.ports import Vectors

if TYPE_CHECKING:
    import torch
    from torch import Tensor

Pooling = Literal["mean", "cls"]
_TOKENS_A_BATCH = {"cpu": 1024, "cuda": 32768}


@dataclass(frozen=True, slots=True)
class _Layer:
    """One layer's parameters; `qkv` are the three projections in one matrix."""

    qkv: tuple[Tensor, Tensor]
    out: tuple[Tensor, Tensor]
    norm_1: tuple[Tensor, Tensor]
    up: tuple[Tensor, Tensor]
    down: tuple[Tensor, Tensor]
    norm_2: tuple[Tensor, Tensor]


@dataclass(frozen=True, slots=True)
class _Network:
    words: Tensor
    positions: Tensor
    norm: tuple[Tensor, Tensor]
    layers: tuple[_Layer, ...]
    heads: int
    epsilon: float
    first_position: int


class PackedEncoder:
    """A loaded network; `encode` is stateless and may be called from several threads."""

    def __init__(self, network: _Network, pooling: Pooling, device: str) -> None:
        self._network = network
        self._pooling = pooling
        self._device = device
        self._budget = _TOKENS_A_BATCH[device]

    @classmethod
    def load(
        cls, folder: Path, *, pooling: Pooling, precision: Precision = "auto"
    ) -> PackedEncoder:
        """Reads config.json and the safetensors of a folder; no code and no pickle is run."""
        require("torch", "safetensors")
        device = device_name()
        parameters = read_parameters(folder)
        config = read_config(folder)
        return cls(
            _network(config, parameters, data_type(precision, device), device), pooling, device
        )

    def encode(self, ids: Sequence[Sequence[int]]) -> Vectors:
        """Pooled, not normalised vectors of texts given as token ids, in their order."""
        import torch

        order = sorted(range(len(ids)), key=lambda index: len(ids[index]))
        vectors = np.empty((len(ids), self._network.words.shape[1]), np.float32)
        with torch.inference_mode():
            for batch in _batches(order, ids, self._budget):
                vectors[batch] = self._forward([ids[index] for index in batch])
        return vectors

    def _forward(self, ids: Sequence[Sequence[int]]) -> Vectors:
        import torch

        lengths = [len(text) for text in ids]
        states = _embed(self._network, ids, self._device)
        for layer in self._network.layers:
            states = _run_layer(states, layer, lengths, self._network)
        parts = torch.split(states, lengths)
        if self._pooling == "cls":
            pooled = torch.stack([part[0].float() for part in parts])
        else:
            pooled = torch.stack([part.float().mean(0) for part in parts])
        vectors: Vectors = pooled.cpu().numpy()
        return vectors


def _batches(order: Sequence[int], ids: Sequence[Sequence[int]], budget: int) -> list[list[int]]:
    """Consecutive runs of `order` of at most `budget` tokens, at least one text each."""
    batches: list[list[int]] = []
    room = 0
    for index in order:
        length = len(ids[index])
        if not batches or length > room:
            batches.append([])
            room = budget
        batches[-1].append(index)
        room -= length
    return batches


def _embed(network: _Network, ids: Sequence[Sequence[int]], device: str) -> Tensor:
    import torch

    tokens = torch.tensor([token for text in ids for token in text], device=device)
    first = network.first_position
    places = torch.cat([torch.arange(first, first + len(text)) for text in ids]).to(device)
    return _norm(network.words[tokens] + network.positions[places], network.norm, network.epsilon)


def _run_layer(states: Tensor, layer: _Layer, lengths: Sequence[int], network: _Network) -> Tensor:
    from torch.nn.functional import gelu, linear

    mixed = _attend(linear(states, *layer.qkv), lengths, network.heads)
    states = _norm(states + linear(mixed, *layer.out), layer.norm_1, network.epsilon)
    inner = gelu(linear(states, *layer.up))
    return _norm(states + linear(inner, *layer.down), layer.norm_2, network.epsilon)


def _attend(qkv: Tensor, lengths: Sequence[int], heads: int) -> Tensor:
    """Attention within each text; texts of one length, which are neighbours, go together.

    Plain products: on CPUs torch's fused attention is slower for heads this small.
    """
    import torch

    width = qkv.shape[1] // 3
    scale = 1.0 / math.sqrt(width // heads)
    runs = [(length, len(list(same))) for length, same in groupby(lengths)]
    mixed = []
    for part, (length, count) in zip(
        torch.split(qkv, [length * count for length, count in runs]), runs, strict=True
    ):
        shaped = part.view(count, length, 3, heads, -1).permute(2, 0, 3, 1, 4)
        query, key, value = shaped.reshape(3, count * heads, length, -1)
        weights = torch.softmax(torch.bmm(query * scale, key.transpose(1, 2)), -1)
        heads_out = torch.bmm(weights, value).view(count, heads, length, -1)
        mixed.append(heads_out.transpose(1, 2).reshape(count * length, width))
    return torch.cat(mixed)


def _norm(states: Tensor, parameters: tuple[Tensor, Tensor], epsilon: float) -> Tensor:
    from torch.nn.functional import layer_norm

    return layer_norm(states, states.shape[-1:], *parameters, epsilon)


def _network(
    config: EncoderConfig, loaded: Mapping[str, Tensor], dtype: torch.dtype, device: str
) -> _Network:
    parameters = {
        name: value.to(device=device, dtype=dtype)
        for name, value in loaded.items()
        if value.is_floating_point()
    }
    types = parameters["embeddings.token_type_embeddings.weight"][0]
    return _Network(
        words=parameters["embeddings.word_embeddings.weight"],
        positions=parameters["embeddings.position_embeddings.weight"] + types,
        norm=_pair(parameters, "embeddings.LayerNorm"),
        layers=tuple(_layer(parameters, index) for index in range(config.layers)),
        heads=config.heads,
        epsilon=config.epsilon,
        first_position=config.first_position,
    )


def _layer(parameters: Mapping[str, Tensor], index: int) -> _Layer:
    import torch

    prefix = f"encoder.layer.{index}."
    parts = [_pair(parameters, f"{prefix}attention.self.{n}") for n in ("query", "key", "value")]
    weights, biases = zip(*parts, strict=True)
    return _Layer(
        qkv=(torch.cat(weights), torch.cat(biases)),
        out=_pair(parameters, f"{prefix}attention.output.dense"),
        norm_1=_pair(parameters, f"{prefix}attention.output.LayerNorm"),
        up=_pair(parameters, f"{prefix}intermediate.dense"),
        down=_pair(parameters, f"{prefix}output.dense"),
        norm_2=_pair(parameters, f"{prefix}output.LayerNorm"),
    )


def _pair(parameters: Mapping[str, Tensor], name: str) -> tuple[Tensor, Tensor]:
    return parameters[f"{name}.weight"], parameters[f"{name}.bias"]
