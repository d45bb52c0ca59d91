"""The kind `hf`: models of the Hugging Face hub, from the local cache where they are there.

The only back-end that may contact the hub. Fetches weights in safetensors and JSON, no pickles,
and Python code only for models that the user trusts. HF_HUB_OFFLINE and HF_HOME hold.
"""

from __future__ import annotations

import re
from pathlib import Path

from pakar.backends.extras import require
from pakar.errors import ConfigError, ModelMissingError
from pakar.ports import Embedder, LanguageModel, Reranker, Trainer

_NAME = re.compile(r"[\w.-]+/[\w.-]+(@[\w./-]+)?")
_FILES = ["*.json", "*.safetensors", "*.model", "*.txt", "*.jinja"]
# Other formats of the same weights, which would double the download.
_UNWANTED = ["onnx/*", "openvino/*", "original/*", "*/onnx/*"]


def open_embedder(name: str, *, trust_remote_code: bool) -> Embedder:
    from pakar.backends.sentence_transformers import open_embedder_folder

    folder = model_folder(name, trust_remote_code=trust_remote_code)
    return open_embedder_folder(folder, f"hf:{name}", trust_remote_code=trust_remote_code)


def open_language_model(name: str, *, trust_remote_code: bool) -> LanguageModel:
    from pakar.backends.transformers_lm import TransformersLanguageModel

    folder = model_folder(name, trust_remote_code=trust_remote_code)
    return TransformersLanguageModel(folder, f"hf:{name}", trust_remote_code=trust_remote_code)


def open_reranker(name: str, *, trust_remote_code: bool) -> Reranker:
    from pakar.backends.cross_encoder import CrossEncoderReranker

    folder = model_folder(name, trust_remote_code=trust_remote_code)
    return CrossEncoderReranker(folder, f"hf:{name}", trust_remote_code=trust_remote_code)


def open_trainer(name: str, *, trust_remote_code: bool) -> Trainer:
    from pakar.backends.adapter_trainer import TransformersTrainer

    folder = model_folder(name, trust_remote_code=trust_remote_code)
    return TransformersTrainer(folder, f"hf:{name}", trust_remote_code=trust_remote_code)


def model_folder(name: str, *, trust_remote_code: bool = False) -> Path:
    """The model's folder in the hub's cache; `name` is ORG/NAME, or ORG/NAME@REVISION.

    Raises ModelMissingError where it is neither there nor to be had.
    """
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f"'hf:{name}' is not the name of a model", hint="Write hf:ORG/NAME, as on the hub."
        )
    require("huggingface_hub")
    repository, _, revision = name.partition("@")
    cached = _cached(repository, revision or None)
    if cached is not None:
        return cached
    patterns = [*_FILES, "*.py"] if trust_remote_code else _FILES
    return _downloaded(repository, revision or None, patterns)


def cached_config(name: str) -> Path | None:
    """The folder in the hub's cache that has the model's config.json, weights or not."""
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f"'hf:{name}' is not the name of a model", hint="Write hf:ORG/NAME, as on the hub."
        )
    from huggingface_hub import try_to_load_from_cache

    repository, _, revision = name.partition("@")
    found = try_to_load_from_cache(repository, "config.json", revision=revision or None)
    return Path(found).parent if isinstance(found, str) else None


def _cached(repository: str, revision: str | None) -> Path | None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        folder = Path(snapshot_download(repository, revision=revision, local_files_only=True))
    except LocalEntryNotFoundError:
        return None
    complete = (folder / "config.json").is_file() and any(folder.glob("*.safetensors"))
    return folder if complete and not _shards_missing(folder) else None


def _shards_missing(folder: Path) -> bool:
    from pakar.backends.encoder_folder import read_json

    index = folder / "model.safetensors.index.json"
    if not index.is_file():
        return False
    shards = read_json(index).get("weight_map")
    names = set(shards.values()) if isinstance(shards, dict) else set()
    return not all((folder / str(shard)).is_file() for shard in names)


def _downloaded(repository: str, revision: str | None, patterns: list[str]) -> Path:
    from huggingface_hub import constants, snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

    if constants.HF_HUB_OFFLINE:
        raise _missing(repository, "HF_HUB_OFFLINE forbids to fetch it")
    import httpx

    try:
        folder = snapshot_download(
            repository, revision=revision, allow_patterns=patterns, ignore_patterns=_UNWANTED
        )
    except HfHubHTTPError as error:
        raise _missing(repository, str(error).strip().partition("\n")[0]) from error
    except (OfflineModeIsEnabled, httpx.HTTPError, OSError, ValueError) as error:
        raise _missing(repository, "the hub cannot be reached from here") from error
    return Path(folder)


def _missing(repository: str, why: str) -> ModelMissingError:
    return ModelMissingError(
        f"'hf:{repository}' is not on this machine: {why}",
        hint=f"Where the hub can be reached: hf download {repository} --local-dir DIR. "
        "Bring DIR here and use path:DIR.",
    )
