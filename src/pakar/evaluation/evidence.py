"""What a recommendation rests on: all figures and circumstances of one comparison.

Plain values; `recommend` reads them, `comparison` makes them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pakar.config import Costs, Needs
from pakar.evaluation.measures import SCORE
from pakar.evaluation.results import RouteResult, TypeResult
from pakar.evaluation.tied import Standing

FLOOR = "extract"


@dataclass(frozen=True, slots=True)
class Exam:
    """The questions: how many there are, were asked, have what the score needs, and their kind.

    `foreign` says in which other language than the documents most questions are, "" where they
    agree.
    """

    questions: int
    asked: int
    scored: int
    drafted: int
    unanswerable: int
    foreign: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """`routes` are those that answered at least once; `not_run` says why others did not."""

    exam: Exam
    routes: Sequence[RouteResult]
    standings: Mapping[str, Standing]
    types: Sequence[TypeResult]
    needs: Needs
    costs: Costs
    not_run: Mapping[str, str]
    notes: Sequence[str] = ()

    @property
    def standing(self) -> Standing:
        """Who leads on the measure that decides."""
        return self.standings.get(SCORE) or Standing(SCORE, "", (), (), {})

    def route(self, name: str) -> RouteResult:
        return next(one for one in self.routes if one.name == name)

    def score(self, name: str) -> float:
        return self.route(name).metrics[SCORE].mean
