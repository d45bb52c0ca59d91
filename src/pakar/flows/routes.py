"""From a route's name to a route: the model, perhaps an adapter, perhaps the retriever.

    extract   the retriever alone         base   the model alone         rag   both
    lora, qlora, or an adapter's id       the model with that adapter
    rag+lora, rag+qlora, rag+ID           the same with the retriever

Holds no logic of answering.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from pakar.errors import ConfigError, TrainingError
from pakar.types import Adapter, Method

PLAIN = ("rag", "extract", "base")
ALL = ("extract", "base", "rag", "lora", "qlora", "rag+lora", "rag+qlora")
AUTO = "auto"
METHODS: tuple[Method, ...] = ("lora", "qlora")
WITH_PASSAGES = "rag+"


@dataclass(frozen=True, slots=True)
class Way:
    """What a route consists of."""

    name: str
    model: bool
    retriever: bool
    adapter: Adapter | None = None


def ways(adapters: Sequence[Adapter]) -> tuple[str, ...]:
    """The routes that can run now without a word from the user, the plain ones first."""
    names = list(PLAIN)
    for method in METHODS:
        if any(one.method == method and is_usable(one) for one in adapters):
            names += [method, f"{WITH_PASSAGES}{method}"]
    return tuple(names)


def way(name: str, adapters: Sequence[Adapter], *, accept: bool = False) -> Way:
    """Raises ConfigError for an unknown name, and TrainingError where the adapter should not be
    used; with `accept` the user said that it shall be."""
    if name in PLAIN:
        return Way(name, model=name != "extract", retriever=name != "base")
    wanted = name.removeprefix(WITH_PASSAGES)
    found = [one for one in adapters if wanted in (one.method, one.id)]
    if not found:
        raise _unknown(name, wanted, adapters)
    # The newest that nothing speaks against, else the newest.
    chosen = next((one for one in reversed(found) if is_usable(one)), found[-1])
    if not accept:
        require_usable(chosen)
    return Way(name, model=True, retriever=name.startswith(WITH_PASSAGES), adapter=chosen)


def is_usable(adapter: Adapter) -> bool:
    """Whether nothing speaks against using it without the user's word."""
    return not adapter.refused and not adapter.removed


def require_usable(adapter: Adapter) -> None:
    """Raises TrainingError where only the user's word may let it be used."""
    if adapter.refused:
        raise TrainingError(
            f"{adapter.id} is not used by default: {adapter.refused}",
            hint="Train again with a lower learning_rate or fewer epochs, or say --accept-adapter.",
        )
    if adapter.removed:
        raise TrainingError(
            f"{adapter.id} learned from documents that were removed since: "
            f"{', '.join(adapter.removed[:3])}",
            hint="Train again: pakar train. To use it all the same, say --accept-adapter.",
        )


def _unknown(name: str, wanted: str, adapters: Sequence[Adapter]) -> ConfigError | TrainingError:
    if wanted in METHODS:
        return TrainingError(
            f"route {name!r}: there is no {wanted} adapter yet",
            hint=f"Train one: pakar train --method {wanted}",
        )
    known = [*PLAIN, AUTO, *METHODS, *(f"{WITH_PASSAGES}{method}" for method in METHODS)]
    known += [one.id for one in adapters]
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.0)
    return ConfigError(
        f"unknown route {name!r}", hint=f"Did you mean {near[0]!r}? Known: {', '.join(known)}."
    )
