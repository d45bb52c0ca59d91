"""How routes are called by OpenAI's clients: EXPERT/ROUTE, `:footnotes` behind it on demand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pakar.server.access.view import unknown_model

FOOTNOTES = ":footnotes"
EMBEDDINGS = "embeddings"


@dataclass(frozen=True, slots=True)
class Named:
    """What a model's name stands for."""

    route: str
    footnotes: bool


def model_name(expert: str, route: str) -> str:
    return f"{expert}/{route}"


def parse(name: str, expert: str, routes: Sequence[str]) -> Named:
    """The route that a client names, with or without the expert before it.

    Raises RequestError (404) where there is none of this name.
    """
    bare = name.removesuffix(FOOTNOTES)
    route = bare.removeprefix(f"{expert}/")
    if route not in routes:
        raise unknown_model(name, [model_name(expert, known) for known in routes])
    return Named(route, bare != name)
