"""Writes SmolLM2 as a transformers folder, from a GGUF file.

Knows GGUF's names for Llama's tensors and settings, and SmolLM2's way of splitting text (digits
one by one, then GPT-2's byte-level pieces). transformers reads GGUF itself, but only with another
library, and it neither keeps the architecture's name nor lets the model be saved.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pakar.backends.extras import require
from pakar.errors import ModelError

if TYPE_CHECKING:
    from gguf import GGUFReader
    from tokenizers import Tokenizer
    from torch import Tensor

_CONTROL_TOKEN = 3
_PRE_TOKENIZER = "smollm"
_TOP = {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head"}
_LAYER = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}


def convert(source: Path, folder: Path) -> None:
    """Fills `folder`: configuration, tokenizer with chat template, weights in bfloat16."""
    require("gguf", "safetensors", "tokenizers", "torch")
    from gguf import GGUFReader
    from safetensors.torch import save_file

    reader = GGUFReader(source)
    if _text(reader, "general.architecture") != "llama":
        raise ModelError(f"{source} holds no Llama-like model", hint="Install its package again.")
    save_file(_weights(reader), folder / "model.safetensors", metadata={"format": "pt"})
    _tokenizer(reader).save(str(folder / "tokenizer.json"))
    for name, content in _settings(reader).items():
        (folder / name).write_text(json.dumps(content, indent=2), encoding="utf-8")


def _weights(reader: GGUFReader) -> dict[str, Tensor]:
    import torch
    from gguf import dequantize

    heads = {
        "attn_q": _number(reader, "llama.attention.head_count"),
        "attn_k": _number(reader, "llama.attention.head_count_kv"),
    }
    weights = {}
    for tensor in reader.tensors:
        values = dequantize(tensor.data, tensor.tensor_type)
        short = tensor.name.rpartition(".")[0].rpartition(".")[2]
        if short in heads:
            values = _halves_apart(values, heads[short])
        array = torch.from_numpy(np.array(values, np.float32, order="C"))
        weights[_parameter(tensor.name)] = array.to(torch.bfloat16)
    return weights


def _parameter(name: str) -> str:
    """transformers' name for GGUF's `blk.3.attn_q.weight`."""
    match name.split("."):
        case ["blk", layer, part, kind] if part in _LAYER:
            return f"model.layers.{layer}.{_LAYER[part]}.{kind}"
        case [part, kind] if part in _TOP:
            return f"{_TOP[part]}.{kind}"
    raise ModelError(f"The model file holds an unknown tensor {name!r}")


def _halves_apart(values: NDArray[np.float32], heads: int) -> NDArray[np.float32]:
    """GGUF interleaves the two halves that rotary positions pair; transformers keeps them apart."""
    rows, columns = values.shape
    pairs = values.reshape(heads, rows // heads // 2, 2, columns)
    return pairs.swapaxes(1, 2).reshape(rows, columns)


def _tokenizer(reader: GGUFReader) -> Tokenizer:
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    if _text(reader, "tokenizer.ggml.pre") != _PRE_TOKENIZER:
        raise ModelError("The model file holds an unknown kind of tokenizer")
    tokens = [str(token) for token in _field(reader, "tokenizer.ggml.tokens")]
    merges = [_pair(str(merge)) for merge in _field(reader, "tokenizer.ggml.merges")]
    vocabulary = {token: index for index, token in enumerate(tokens)}
    tokenizer = Tokenizer(models.BPE(vocabulary, merges))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    types = _field(reader, "tokenizer.ggml.token_type")
    control = [token for token, kind in zip(tokens, types, strict=True) if kind == _CONTROL_TOKEN]
    tokenizer.add_special_tokens(
        [AddedToken(token, special=True, normalized=False) for token in control]
    )
    return tokenizer


def _pair(merge: str) -> tuple[str, str]:
    left, _, right = merge.partition(" ")
    return left, right


def _settings(reader: GGUFReader) -> dict[str, object]:
    tokens = _field(reader, "tokenizer.ggml.tokens")
    bos = _number(reader, "tokenizer.ggml.bos_token_id")
    eos = _number(reader, "tokenizer.ggml.eos_token_id")
    pad = _number(reader, "tokenizer.ggml.padding_token_id")
    unknown = _number(reader, "tokenizer.ggml.unknown_token_id")
    context = _number(reader, "llama.context_length")
    ids = {"bos_token_id": bos, "eos_token_id": eos, "pad_token_id": pad}
    return {
        "config.json": _config(reader) | ids | {"max_position_embeddings": context},
        "generation_config.json": ids,
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "bos_token": tokens[bos],
            "eos_token": tokens[eos],
            "pad_token": tokens[pad],
            "unk_token": tokens[unknown],
            "add_prefix_space": False,
            "clean_up_tokenization_spaces": False,
            "model_max_length": context,
            "chat_template": _text(reader, "tokenizer.chat_template"),
        },
    }


def _config(reader: GGUFReader) -> dict[str, object]:
    names = {tensor.name for tensor in reader.tensors}
    base = _decimal(reader, "llama.rope.freq_base")
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "attention_bias": False,
        "hidden_act": "silu",
        "hidden_size": _number(reader, "llama.embedding_length"),
        "initializer_range": 0.02,
        "intermediate_size": _number(reader, "llama.feed_forward_length"),
        "mlp_bias": False,
        "num_attention_heads": _number(reader, "llama.attention.head_count"),
        "num_hidden_layers": _number(reader, "llama.block_count"),
        "num_key_value_heads": _number(reader, "llama.attention.head_count_kv"),
        "rms_norm_eps": _decimal(reader, "llama.attention.layer_norm_rms_epsilon"),
        "rope_theta": base,
        "rope_parameters": {"rope_type": "default", "rope_theta": base},
        "tie_word_embeddings": "output.weight" not in names,
        "torch_dtype": "bfloat16",
        "dtype": "bfloat16",
        "vocab_size": _number(reader, "llama.vocab_size"),
    }


def _field(reader: GGUFReader, key: str) -> Sequence[object]:
    values: Sequence[object] = reader.get_field(key).contents()
    return values


def _text(reader: GGUFReader, key: str) -> str:
    return str(reader.get_field(key).contents())


def _number(reader: GGUFReader, key: str) -> int:
    return int(reader.get_field(key).contents())


def _decimal(reader: GGUFReader, key: str) -> float:
    """Rounded to what the source's 32-bit number can hold, so that 1e-05 stays 1e-05."""
    return float(f"{float(reader.get_field(key).contents()):.6g}")
