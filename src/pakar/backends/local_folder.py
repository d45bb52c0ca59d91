"""The kind `path`: models in folders on this machine, as transformers saves them."""

from __future__ import annotations

from pathlib import Path

from pakar.errors import ModelMissingError
from pakar.ports import Embedder, LanguageModel, Reranker, Trainer


def open_embedder(name: str, *, trust_remote_code: bool) -> Embedder:
    from pakar.backends.sentence_transformers import open_embedder_folder

    return open_embedder_folder(
        model_folder(name), f"path:{name}", trust_remote_code=trust_remote_code
    )


def open_language_model(name: str, *, trust_remote_code: bool) -> LanguageModel:
    from pakar.backends.transformers_lm import TransformersLanguageModel

    return TransformersLanguageModel(
        model_folder(name), f"path:{name}", trust_remote_code=trust_remote_code
    )


def open_reranker(name: str, *, trust_remote_code: bool) -> Reranker:
    from pakar.backends.cross_encoder import CrossEncoderReranker

    return CrossEncoderReranker(
        model_folder(name), f"path:{name}", trust_remote_code=trust_remote_code
    )


def open_trainer(name: str, *, trust_remote_code: bool) -> Trainer:
    from pakar.backends.adapter_trainer import TransformersTrainer

    folder = model_folder(name)
    return TransformersTrainer(folder, f"path:{name}", trust_remote_code=trust_remote_code)


def model_folder(name: str) -> Path:
    """Raises ModelMissingError where it is no folder of a model."""
    folder = Path(name).expanduser().absolute()
    if not (folder / "config.json").is_file():
        problem = "has no config.json" if folder.is_dir() else "is no folder"
        raise ModelMissingError(
            f"'path:{name}': {folder} {problem}",
            hint="Point to the folder that holds the model's config.json and *.safetensors.",
        )
    return folder
