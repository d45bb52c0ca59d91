"""From a spec to a model: `kind:name`, opened lazily.

    bundled:NAME      comes with pakar[local], needs no network
    hf:ORG/NAME       from the local cache of the Hugging Face hub, or downloaded
    path:DIR          a folder on this machine
    openai:NAME@URL   an OpenAI-compatible endpoint

Other packages add kinds through the entry-point group `pakar.backends`: the entry point's name is
the kind, its object a `Backend`. Knows no library; a back-end is imported when its spec is opened.
"""

from __future__ import annotations

import difflib
import importlib
import importlib.metadata
from dataclasses import dataclass
from typing import Protocol, cast

from pakar.errors import ConfigError, ModelError
from pakar.ports import Embedder, LanguageModel, OcrEngine, Reranker, Trainer

ENTRY_POINTS = "pakar.backends"

_BUILT_IN = {
    "bundled": "pakar.backends.bundled",
    "hf": "pakar.backends.hub",
    "openai": "pakar.backends.openai_endpoint",
    "path": "pakar.backends.local_folder",
}
_FORMS = "bundled:NAME, hf:ORG/NAME, path:DIR or openai:NAME@URL"


class Backend(Protocol):
    """What an entry point gives, a module or an object. It may leave out what it has not.

    `name` is the part of the spec behind the kind.
    """

    def open_embedder(self, name: str, *, trust_remote_code: bool) -> Embedder: ...

    def open_language_model(self, name: str, *, trust_remote_code: bool) -> LanguageModel: ...

    def open_reranker(self, name: str, *, trust_remote_code: bool) -> Reranker: ...

    def open_trainer(self, name: str, *, trust_remote_code: bool) -> Trainer: ...


@dataclass(frozen=True, slots=True)
class Spec:
    """A spec in its two parts."""

    kind: str
    name: str


def open_embedder(spec: str, *, trust_remote_code: bool = False) -> Embedder:
    """Raises ConfigError, MissingExtraError or ModelError; loads weights only when used."""
    backend = _backend(spec, "open_embedder", "embedder")
    return backend.open_embedder(parse_spec(spec).name, trust_remote_code=trust_remote_code)


def open_language_model(spec: str, *, trust_remote_code: bool = False) -> LanguageModel:
    """Raises ConfigError, MissingExtraError or ModelError; loads weights only when used."""
    backend = _backend(spec, "open_language_model", "language model")
    return backend.open_language_model(parse_spec(spec).name, trust_remote_code=trust_remote_code)


def open_reranker(spec: str, *, trust_remote_code: bool = False) -> Reranker:
    """Raises ConfigError, MissingExtraError or ModelError; loads weights only when used."""
    backend = _backend(spec, "open_reranker", "reranker")
    return backend.open_reranker(parse_spec(spec).name, trust_remote_code=trust_remote_code)


def open_trainer(spec: str, *, trust_remote_code: bool = False) -> Trainer:
    """What trains adapters of a language model. Raises as the others do."""
    backend = _backend(spec, "open_trainer", "trainer")
    return backend.open_trainer(parse_spec(spec).name, trust_remote_code=trust_remote_code)


def open_ocr(choice: str) -> OcrEngine:
    """The OCR engine that a setting means: auto, rapidocr or tesseract.

    Raises MissingExtraError where it is not installed.
    """
    from pakar.backends.ocr import open_engine

    return open_engine(choice)


def parse_spec(spec: str) -> Spec:
    """Raises ConfigError where the spec has no kind or no name; opens nothing."""
    kind, colon, name = spec.strip().partition(":")
    if not colon or not kind or not name:
        raise ConfigError(f"{spec!r} is not a model spec", hint=_nearest(spec))
    return Spec(kind, name)


def _backend(spec: str, function: str, what: str) -> Backend:
    kind = parse_spec(spec).kind
    module = _BUILT_IN.get(kind)
    backend = importlib.import_module(module) if module else _from_entry_point(spec, kind)
    if not callable(getattr(backend, function, None)):
        raise ConfigError(
            f"{spec!r}: {kind!r} has no {what}", hint=f"Name a {what} of another kind: {_FORMS}."
        )
    return cast(Backend, backend)


def _from_entry_point(spec: str, kind: str) -> object:
    found = list(importlib.metadata.entry_points(group=ENTRY_POINTS, name=kind))
    if not found:
        raise ConfigError(f"{spec!r}: there is no kind {kind!r} of models", hint=_nearest(spec))
    try:
        return found[0].load()
    except (ImportError, AttributeError) as error:
        raise ModelError(
            f"{spec!r}: the back-end {found[0].value} does not load: {error}",
            hint="Install or update the package that brings it.",
        ) from error


def _nearest(spec: str) -> str:
    from pakar.backends.presets import RECOMMENDED

    words = spec.strip().lower()
    by_name = {known.lower().rpartition("/")[2].rpartition(":")[2]: known for known in RECOMMENDED}
    near = difflib.get_close_matches(words.rpartition(":")[2], by_name, n=1, cutoff=0.4)
    guess = f"Did you mean {by_name[near[0]]!r}? " if near else ""
    return f"{guess}A spec has one of the forms {_FORMS}."
