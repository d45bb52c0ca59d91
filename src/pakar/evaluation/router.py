"""Which route a question should take, by what a comparison has shown for questions of its type.

The type of a question is told by its nearest neighbours among the questions of the comparison, in
meaning. Where that does not tell types apart on those very questions, each left out in turn, or
where no type is better served by another route than the rest, one route is for all. Knows vectors
and verdicts; embeds nothing and opens no route.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pakar.ports import Vectors

_NEIGHBOURS = 7
_MAJORITY = 5
# Of the questions that are called one type, left out in turn, so many must be of it.
_PRECISION = 0.8
# A type's route is not taken on the word of fewer questions.
_FEWEST = 5


@dataclass(frozen=True, slots=True)
class Router:
    """`route` is for all questions but those of the types in `by_type`.

    `vectors` has shape (questions, dimensions), rows of length 1; `types` names their types.
    """

    route: str
    by_type: Mapping[str, str]
    types: tuple[str, ...]
    vectors: Vectors

    def choose(self, vector: Vectors) -> tuple[str, str]:
        """The route for this vector, and the type of question by which it was chosen ("": none)."""
        kind = _nearest_type(self.vectors @ vector, self.types)
        return (self.by_type[kind], kind) if kind in self.by_type else (self.route, "")


def router(
    route: str, by_type: Mapping[str, str], types: Sequence[str], vectors: Vectors
) -> Router:
    """Keeps of `by_type` only the types that the vectors tell apart."""
    called = _left_out_in_turn(types, vectors) if by_type else []
    kept = {
        kind: other
        for kind, other in by_type.items()
        if _precision(kind, types, called) >= _PRECISION
    }
    return Router(route, kept, tuple(types), vectors)


def _left_out_in_turn(types: Sequence[str], vectors: Vectors) -> list[str]:
    near = vectors @ vectors.T
    np.fill_diagonal(near, -np.inf)
    return [_nearest_type(row, types) for row in near]


def _nearest_type(near: Vectors, types: Sequence[str]) -> str:
    """The type of most neighbours; "" where they are divided."""
    order = np.argsort(-near)[:_NEIGHBOURS]
    votes = Counter(types[place] for place in order if np.isfinite(near[place]))
    if not votes:
        return ""
    kind, count = votes.most_common(1)[0]
    return kind if count >= _MAJORITY else ""


def _precision(kind: str, types: Sequence[str], called: Sequence[str]) -> float:
    right = [own == kind for own, told in zip(types, called, strict=True) if told == kind]
    return sum(right) / len(right) if len(right) >= _FEWEST else 0.0
