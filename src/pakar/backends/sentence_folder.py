"""What a sentence-transformers folder says of itself: modules, pooling, limit, prompts.

Reads JSON only and loads nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pakar.backends.encoder_folder import Pooling, is_packable, read_config, read_json
from pakar.backends.packed_embedder import Prompts
from pakar.errors import ModelError

_PACKED_MODULES = (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"])


@dataclass(frozen=True, slots=True)
class PackedForm:
    """What the packed forward pass needs to stand for the whole folder."""

    folder: Path
    pooling: Pooling
    dimensions: int
    max_tokens: int


def packed_form(folder: Path) -> PackedForm | None:
    """None where only sentence-transformers itself computes this folder's vectors."""
    modules = _modules(folder)
    if modules is None:
        network, pooling = folder, "mean"
    elif [kind for kind, _ in modules] in _PACKED_MODULES:
        network, pooling = modules[0][1], _pooling(modules[1][1])
    else:
        return None
    if pooling not in ("mean", "cls") or not (network / "tokenizer.json").is_file():
        return None
    settings = _optional(network / "sentence_bert_config.json")
    if settings.get("do_lower_case") or not is_packable(read_json(network / "config.json")):
        return None
    config = read_config(network)
    named = [
        settings.get("max_seq_length"),
        _optional(network / "tokenizer_config.json").get("model_max_length"),
    ]
    limits = [limit for limit in named if isinstance(limit, int)]
    tokens = min([config.positions, *limits[:1]])
    return PackedForm(network, "cls" if pooling == "cls" else "mean", config.width, tokens)


def prompts_of(folder: Path, spec: str) -> Prompts:
    """The folder's own prompts, else those of the e5 family where the name says so."""
    named = _optional(folder / "config_sentence_transformers.json").get("prompts")
    prompts = named if isinstance(named, dict) else {}
    query = str(prompts.get("query") or "")
    passage = str(prompts.get("passage") or prompts.get("document") or "")
    if query or passage:
        return Prompts(query, passage)
    original = _optional(folder / "config.json").get("_name_or_path", "")
    return e5_prompts(spec, str(original)) or Prompts()


def e5_prompts(*names: str) -> Prompts | None:
    """The prefixes that the e5 family was trained with; None for other names."""
    for name in names:
        short = name.rstrip("/").replace("\\", "/").rpartition("/")[2].lower()
        words = short.replace("_", "-").replace(":", "-").split("-")
        if "e5" in words and "instruct" in words:
            task = "Given a web search query, retrieve relevant passages that answer the query"
            return Prompts(query=f"Instruct: {task}\nQuery: ")
        if "e5" in words:
            return Prompts("query: ", "passage: ")
    return None


def refuse_pickles(folder: Path) -> None:
    """Raises ModelError where a part of the model has weights in pickle only."""
    for path in sorted(folder.rglob("pytorch_model*.bin")):
        if not any(path.parent.glob("*.safetensors")):
            raise ModelError(
                f"{path} is a pickle, which can run code when it is read",
                hint="Convert the model to safetensors: SentenceTransformer(...).save(...).",
            )


def _modules(folder: Path) -> list[tuple[str, Path]] | None:
    """Class name and folder of each module in order; None where the folder lists none."""
    path = folder / "modules.json"
    if not path.is_file():
        return None
    content = read_json_list(path)
    modules = []
    for item in content:
        kind = str(item.get("type", "")).rpartition(".")[2]
        place = (folder / str(item.get("path", ""))).resolve()
        if not place.is_relative_to(folder.resolve()):
            raise ModelError(f"{path}: the module {item.get('path')!r} lies outside the folder")
        modules.append((kind, place))
    return modules


def read_json_list(path: Path) -> list[dict[str, object]]:
    """A JSON list of objects. Raises ModelError where it is none."""
    import json

    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(
            f"{path} cannot be read: {error}", hint="Fetch the model again."
        ) from error
    if not isinstance(content, list) or not all(isinstance(item, dict) for item in content):
        raise ModelError(f"{path} holds no list of modules", hint="Fetch the model again.")
    return content


def _pooling(folder: Path) -> str:
    """ "mean", "cls" or "other"."""
    settings = read_json(folder / "config.json")
    if settings.get("include_prompt") is False:
        return "other"
    mode = settings.get("pooling_mode")
    if isinstance(mode, str):
        return mode
    modes = [key for key, value in settings.items() if key.startswith("pooling_mode_") and value]
    names = {"pooling_mode_mean_tokens": "mean", "pooling_mode_cls_token": "cls"}
    return names.get(modes[0], "other") if len(modes) == 1 else "other"


def _optional(path: Path) -> dict[str, object]:
    return read_json(path) if path.is_file() else {}
