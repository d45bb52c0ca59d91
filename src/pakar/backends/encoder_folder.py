"""Reads an encoder's folder: sizes from config.json, weights from safetensors.

Knows the file layout of transformers and sentence-transformers. Runs no code that comes with a
model and reads no pickle.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pakar.errors import ModelError

if TYPE_CHECKING:
    from torch import Tensor

ARCHITECTURES = frozenset({"bert", "roberta", "xlm-roberta"})
_WORDS = "embeddings.word_embeddings.weight"


@dataclass(frozen=True, slots=True)
class EncoderConfig:
    """The sizes that a packed forward pass needs. `positions` is the most tokens a text has."""

    layers: int
    heads: int
    width: int
    epsilon: float
    positions: int
    first_position: int


def read_json(path: Path) -> dict[str, object]:
    """A JSON object from a model's folder. Raises ModelError where it is none."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelError(
            f"{path.parent} has no {path.name}", hint="Point to the folder that holds the model."
        ) from error
    except (OSError, ValueError) as error:
        raise ModelError(
            f"{path} cannot be read: {error}", hint="Fetch the model again."
        ) from error
    if not isinstance(content, dict):
        raise ModelError(f"{path} holds no JSON object", hint="Fetch the model again.")
    return content


def is_packable(config: dict[str, object]) -> bool:
    """Whether config.json describes a network that the packed forward pass computes exactly."""
    return (
        config.get("model_type") in ARCHITECTURES
        and config.get("hidden_act") == "gelu"
        and config.get("position_embedding_type", "absolute") == "absolute"
        and not config.get("is_decoder")
        and not config.get("auto_map")
    )


def read_config(folder: Path) -> EncoderConfig:
    """Raises ModelError where a size is missing."""
    content = read_json(folder / "config.json")
    offset = 0
    if content.get("model_type") != "bert":
        offset = _whole(content, "pad_token_id", folder) + 1
    epsilon = content.get("layer_norm_eps", 1e-12)
    if not isinstance(epsilon, int | float):
        raise ModelError(f"{folder}: layer_norm_eps is {epsilon!r}", hint="Fetch the model again.")
    return EncoderConfig(
        layers=_whole(content, "num_hidden_layers", folder),
        heads=_whole(content, "num_attention_heads", folder),
        width=_whole(content, "hidden_size", folder),
        epsilon=float(epsilon),
        positions=_whole(content, "max_position_embeddings", folder) - offset,
        first_position=offset,
    )


def _whole(content: dict[str, object], key: str, folder: Path) -> int:
    value = content.get(key)
    if not isinstance(value, int):
        raise ModelError(f"{folder}: {key} is {value!r}", hint="Fetch the model again.")
    return value


def weight_files(folder: Path) -> list[Path]:
    """The folder's safetensors. Raises ModelError where there are none."""
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise ModelError(
            f"{folder} has no weights in safetensors; other formats are not read, because they "
            "can run code",
            hint="Convert it: AutoModel.from_pretrained(...).save_pretrained(...).",
        )
    return files


def read_parameters(folder: Path) -> dict[str, Tensor]:
    """All weights by their names in the bare encoder, whatever head they were saved under."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    loaded: dict[str, Tensor] = {}
    for path in weight_files(folder):
        try:
            loaded.update(load_file(path))
        except (SafetensorError, OSError) as error:
            raise ModelError(
                f"{path} is damaged: {error}", hint="Fetch the model again."
            ) from error
    prefix = next((name[: -len(_WORDS)] for name in loaded if name.endswith(_WORDS)), None)
    if prefix is None:
        raise ModelError(f"{folder} holds no BERT-like encoder", hint="Choose another embedder.")
    return {_modern(name.removeprefix(prefix)): value for name, value in loaded.items()}


def _modern(name: str) -> str:
    """Early checkpoints call the normalisation's parameters gamma and beta."""
    renamed = name.replace("LayerNorm.gamma", "LayerNorm.weight")
    return renamed.replace("LayerNorm.beta", "LayerNorm.bias")


Pooling = Literal["mean", "cls"]
