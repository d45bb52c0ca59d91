"""From an adapter's id to a whole model in a folder: looks up, checks, and has it written."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path

from pakar.errors import TrainingError
from pakar.flows.adapters import adapters
from pakar.flows.routes import require_usable
from pakar.flows.workplace import Workplace
from pakar.ports import Merger
from pakar.training import adapter_files
from pakar.types import Adapter


def merge(place: Workplace, name: str, folder: Path, *, accept: bool) -> Path:
    """Writes the adapter `name` and its base model to `folder`; gives back the whole path.

    Raises TrainingError for an unknown adapter, one of another base model, one that should not be
    used (unless `accept`), and a folder that holds something.
    """
    trainer = place.trainer
    adapter = _named(name, adapters(place))
    if not accept:
        require_usable(adapter)
    if not isinstance(trainer, Merger):
        raise TrainingError(
            f"{trainer.base.spec}: its back-end writes no merged models",
            hint="Name a model that runs here: bundled:NAME, hf:ORG/NAME or path:DIR.",
        )
    record = adapter_files.load(Path(adapter.folder))
    if record.fingerprint != trainer.base.fingerprint:
        raise TrainingError(
            f"{name} was trained on {adapter.base}, not on the model in pakar.toml",
            hint=f"Set language_model to {adapter.base!r}, or train again: pakar train",
        )
    target = folder.expanduser().absolute()
    _require_empty(target)
    trainer.merge(Path(adapter.folder), target)
    return target


def _named(name: str, existing: Sequence[Adapter]) -> Adapter:
    known = {adapter.id: adapter for adapter in existing}
    if name in known:
        return known[name]
    if not known:
        hint = "There is none yet. Train one: pakar train"
    else:
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.0)
        hint = f"Did you mean {near[0]!r}? Known: {', '.join(known)}."
    raise TrainingError(f"unknown adapter {name!r}", hint=hint)


def _require_empty(folder: Path) -> None:
    if not folder.exists():
        return
    if not folder.is_dir() or any(folder.iterdir()):
        problem = "is not empty" if folder.is_dir() else "is a file"
        raise TrainingError(f"{folder} {problem}", hint="Name a folder that does not exist yet.")
