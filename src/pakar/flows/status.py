"""What an expert holds and whether it fits its settings, without loading a model."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from pakar.errors import (
    ConfigError,
    ExpertError,
    IndexMismatchError,
    MissingExtraError,
    ModelError,
)
from pakar.flows.adapters import adapters
from pakar.flows.calibrating import learned_from
from pakar.flows.index_in_force import new_manifest
from pakar.flows.workplace import Workplace
from pakar.index import manifest
from pakar.index.manifest import Manifest
from pakar.training.folder import ExampleFolder
from pakar.training.worth import worth_training
from pakar.types import Status


def status(place: Workplace) -> Status:
    """The counts of the index in force, the adapters, and what is wrong, if anything."""
    index = place.index
    known = manifest.load(index)
    if known is None:
        bare = Status(str(place.folder), place.config.models.language_model)
        return _with_examples(place, bare)
    problem = _problem(place, known)
    snapshot = place.store(index, known.dimensions).snapshot()
    found = Status(
        str(place.folder),
        place.config.models.language_model,
        embedder=known.embedder,
        documents=tuple(sorted(snapshot.documents())),
        passages=sum(snapshot.languages().values()),
        languages=dict(snapshot.languages()),
        roots=known.roots,
        index_version=snapshot.version,
        problem=problem,
        adapters=adapters(place),
        calibrated=0 if problem else learned_from(place),
    )
    return _with_examples(place, found)


def _with_examples(place: Workplace, found: Status) -> Status:
    """What waits for review, and whether another training would pay."""
    folder = ExampleFolder(place.examples)
    stored = folder.load()
    newest = found.adapters[-1] if found.adapters else None
    since = folder.accepted_since(datetime.fromisoformat(newest.created)) if newest else 0
    return replace(
        found,
        waiting=len(stored.waiting),
        feedback=sum(one.origin == "feedback" for one in stored.waiting),
        training=worth_training(len(stored.accepted), since, newest),
    )


def _problem(place: Workplace, known: Manifest) -> str:
    try:
        manifest.check(known, new_manifest(place))
        learned_from(place)
    except (IndexMismatchError, ConfigError, ExpertError, MissingExtraError, ModelError) as error:
        return f"{error}. {error.hint}"
    return ""
