"""Who takes part in a comparison: the routes that can run, and what their answers depend on.

Knows what a comparison needs of an expert; nothing of questions and figures.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from pakar.answering.route import Route
from pakar.config import Config
from pakar.errors import ConfigError, PakarError
from pakar.evaluation.run import Candidate
from pakar.flows import answering
from pakar.flows.adapters import adapters
from pakar.flows.routes import ways
from pakar.flows.workplace import Workplace
from pakar.types import Adapter, Message
from pakar.version import __version__


@dataclass(frozen=True, slots=True)
class Ground:
    """An expert as it is when a comparison begins.

    `routes` are the names that can run; `documents` gives content hashes by name, `languages`
    counts passages.
    """

    place: Workplace
    routes: Sequence[str]
    documents: Mapping[str, str]
    languages: Mapping[str, int]

    @property
    def config(self) -> Config:
        return self.place.config


def ground_of(place: Workplace) -> Ground:
    snapshot = place.reader(place.index).snapshot()
    return Ground(place, ways(adapters(place)), snapshot.documents(), snapshot.languages())


@dataclass(frozen=True, slots=True)
class Contestant:
    """A route that takes part, with what is known of it."""

    name: str
    route: Route
    adapter: Adapter | None
    fingerprint: str


def contestants(ground: Ground, names: Sequence[str]) -> tuple[list[Contestant], dict[str, str]]:
    """The routes that can run, those without a model first, and why others cannot."""
    found, failed = [], {}
    for name in dict.fromkeys(names):
        try:
            route = answering.route(ground.place, name)
            adapter = answering.adapter_of(ground.place, name)
        except PakarError as error:
            failed[name] = f"{error}. {error.hint}".strip()
            continue
        found.append(Contestant(name, route, adapter, _fingerprint(ground, route, adapter)))
    if not found:
        why = next(iter(failed.values()), "none was named")
        raise ConfigError(
            f"no route can run: {why}", hint=f"Known here: {', '.join(ground.routes)}."
        )
    return sorted(found, key=lambda one: one.route.model is not None), failed


def _fingerprint(ground: Ground, route: Route, adapter: Adapter | None) -> str:
    """Changes with everything that the answers of a route depend on."""
    config = ground.config
    parts: dict[str, object] = {
        "route": route.name,
        "pakar": __version__,
        "answering": config.answering.model_dump(exclude={"route"}),
        "adapter": adapter.id if adapter else "",
    }
    if route.model is not None:
        parts["model"] = config.models.language_model
    if route.retriever is not None:
        parts["documents"] = sorted(ground.documents.items())
        parts["retrieval"] = config.retrieval.model_dump()
        parts["passages"] = config.passages.model_dump()
        parts["summaries"] = config.summaries.model_dump()
        parts["models"] = [config.models.embedder, config.models.reranker]
        parts["relevance"] = asdict(route.relevance) if route.relevance else None
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def candidate(one: Contestant) -> Candidate:
    model = one.route.model
    count = None
    if model is not None:

        def count(text: str) -> int:
            return model.count_tokens([Message("assistant", text)]) if text else 0

    return Candidate(one.name, one.fingerprint, one.route.answer, count)
