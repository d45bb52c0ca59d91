"""From a route's name to a route that answers: model, adapter and retriever put together."""

from __future__ import annotations

from collections.abc import Sequence

from pakar.answering.measured import advice as measured_advice
from pakar.answering.route import Route
from pakar.flows.adapters import adapted, adapters
from pakar.flows.calibrating import own_relevance
from pakar.flows.computing import Calculator
from pakar.flows.index_in_force import retriever
from pakar.flows.indexed import document, tables
from pakar.flows.routes import AUTO, METHODS, PLAIN, WITH_PASSAGES, is_usable, way
from pakar.flows.workplace import Workplace
from pakar.types import Adapter, Document, Method


def route(place: Workplace, name: str | None, *, accept_adapter: bool = False) -> Route:
    """The route of that name; the settings name the usual one.

    Raises ConfigError for an unknown name, and TrainingError where the adapter that it needs is
    missing, or should not be used and is not accepted.
    """
    chosen = name or place.config.answering.route
    found = way(chosen, () if chosen in PLAIN else adapters(place), accept=accept_adapter)

    def load(name: str) -> Document:
        return document(place, name)

    return Route(
        found.name,
        adapted(place, found.adapter) if found.model else None,
        retriever(place) if found.retriever else None,
        load,
        place.config.retrieval.passages,
        place.config.answering,
        compute=Calculator(lambda: tables(place), load) if place.config.answering.compute else None,
        sentences=place.config.retrieval.sentences,
        relevance=own_relevance(place) if found.retriever else None,
    )


def missing_methods(place: Workplace, names: Sequence[str]) -> tuple[Method, ...]:
    """The methods that an adapter would have to be trained with before these routes can run."""
    known = {one.method for one in adapters(place) if is_usable(one)}
    wanted = [name.removeprefix(WITH_PASSAGES) for name in names]
    return tuple(one for one in METHODS if one in wanted and one not in known)


def adapter_of(place: Workplace, name: str) -> Adapter | None:
    """The adapter that a route would use, whatever speaks against it; None for a plain route."""
    return None if name in PLAIN else way(name, adapters(place), accept=True).adapter


def advice(place: Workplace, name: str | None) -> str:
    """One line on what speaks against a route, else ""."""
    chosen = name or place.config.answering.route
    if chosen == "rag":
        return measured_advice(place.config.models.language_model)
    adapter = None if chosen == AUTO else adapter_of(place, chosen)
    if adapter is None or not adapter.stale:
        return ""
    return f"{adapter.id} is stale: {adapter.stale[0]}. Train it again: pakar train"
