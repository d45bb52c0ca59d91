"""What an expert holds and whether it fits its settings, without loading a model."""

from __future__ import annotations

from pakar.errors import ConfigError, IndexMismatchError, MissingExtraError, ModelError
from pakar.flows.adapters import adapters
from pakar.flows.index_in_force import new_manifest
from pakar.flows.workplace import Workplace
from pakar.index import manifest
from pakar.index.manifest import Manifest
from pakar.types import Status


def status(place: Workplace) -> Status:
    """The counts of the index in force, the adapters, and what is wrong, if anything."""
    index = place.index
    known = manifest.load(index)
    if known is None:
        return Status(str(place.folder), place.config.models.language_model)
    problem = _problem(place, known)
    snapshot = place.store(index, known.dimensions).snapshot()
    return Status(
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
    )


def _problem(place: Workplace, known: Manifest) -> str:
    try:
        manifest.check(known, new_manifest(place))
    except (IndexMismatchError, ConfigError, MissingExtraError, ModelError) as error:
        return f"{error}. {error.hint}"
    return ""
