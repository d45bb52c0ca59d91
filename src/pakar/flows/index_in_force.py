"""Whether an index fits the settings of now: its manifest against the one it would get today."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from pakar.documents.split import SPLITTER_VERSION
from pakar.errors import ExpertError
from pakar.flows.workplace import Workplace
from pakar.index import manifest
from pakar.index.manifest import Manifest
from pakar.language.terms import TERMS_VERSION
from pakar.retrieval.search import Retriever
from pakar.version import __version__


def new_manifest(place: Workplace) -> Manifest:
    """What an index says of itself that is built now."""
    info = place.embedder.info
    return Manifest(
        embedder=info.spec,
        fingerprint=info.fingerprint,
        dimensions=info.dimensions,
        splitter_version=SPLITTER_VERSION,
        passage_tokens=place.config.passages.tokens,
        terms_version=TERMS_VERSION,
        pakar_version=__version__,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def fitting(place: Workplace, index: Path) -> Manifest | None:
    """The manifest of an index; None where there is none.

    Raises IndexMismatchError where the index does not fit the settings.
    """
    found = manifest.load(index)
    if found is not None:
        manifest.check(found, new_manifest(place))
    return found


def require_fitting(place: Workplace, index: Path) -> Manifest:
    """The manifest of an index that is there and fits. Raises ExpertError where there is none."""
    found = fitting(place, index)
    if found is None:
        raise no_documents_yet()
    return found


def no_documents_yet() -> ExpertError:
    return ExpertError("this expert has no documents yet", hint="Add some: pakar add documents/")


def retriever(place: Workplace) -> Retriever:
    """Searches the index in force. Raises IndexMismatchError where it does not fit."""
    index = place.index
    require_fitting(place, index)
    return place.retriever(index)
