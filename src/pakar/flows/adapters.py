"""The adapters of an expert: which there are, what is stale about them, and a model with one."""

from __future__ import annotations

from pathlib import Path

from pakar.errors import TrainingError
from pakar.flows.indexed import hashes
from pakar.flows.workplace import Workplace
from pakar.ports import Adaptable, LanguageModel
from pakar.training import adapter_files
from pakar.types import Adapter

FOLDER = "adapters"


def adapters(place: Workplace) -> tuple[Adapter, ...]:
    """All of them, the oldest first, each with what is stale about it. Loads no weights."""
    records = adapter_files.load_all(place.derived / FOLDER)
    if not records:
        return ()
    documents, base = hashes(place), place.trainer.base.fingerprint
    sentences = place.config.retrieval.sentences
    return tuple(adapter_files.against(one, documents, base, sentences) for one in records)


def adapted(place: Workplace, adapter: Adapter | None) -> LanguageModel:
    """The configured model, with this adapter if one is given.

    Raises TrainingError for a model that takes none.
    """
    if adapter is None:
        return place.model
    if not isinstance(place.model, Adaptable):
        raise TrainingError(
            f"{place.model.info.spec} takes no adapters",
            hint=f"Set language_model to {adapter.base!r} in pakar.toml.",
        )
    return place.model.adapted(Path(adapter.folder), four_bit=adapter.method == "qlora")


def forget(place: Workplace, adapter: str) -> None:
    """Frees the memory of an adapter that was used; it is loaded again when needed."""
    for one in adapters(place):
        if one.id == adapter and isinstance(place.model, Adaptable):
            place.model.forget(Path(one.folder))
