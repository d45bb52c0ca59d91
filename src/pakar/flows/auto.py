"""The route `auto`: for each question the route that the last comparison speaks for.

Puts the comparison on the disk, the embedder and the routes together. Where there is no comparison,
or its route cannot run any more, the route of the settings answers, and the answer says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pakar.answering.route import AnswerStream, Route
from pakar.answering.wish import Wish
from pakar.config import Answering
from pakar.errors import PakarError
from pakar.evaluation import history
from pakar.evaluation.router import Router, router
from pakar.flows.answering import route
from pakar.flows.comparing import FOLDER
from pakar.flows.routes import AUTO
from pakar.flows.workplace import Workplace
from pakar.ports import Embedder
from pakar.types import Answer, Message


def auto_route(place: Workplace) -> AutoRoute:
    """The route `auto` of an expert."""
    usual = place.config.answering.route
    return AutoRoute(
        Answering().route if usual == AUTO else usual,
        lambda: place.embedder,
        lambda name: route(place, name),
        lambda: _router(place),
    )


def _router(place: Workplace) -> Router | None:
    """By the last comparison; None without one. Kept, as its questions have to be embedded."""
    before = history.last(place.derived / FOLDER)
    if before is None or not before.route:
        return None
    kept = place.routers.get(before.id)
    if kept is None:
        by_type = {one.type: one.route for one in before.types if one.significant}
        # Without a type that is better served elsewhere there is nothing to tell apart.
        typed = [one for one in before.questions if one.type] if by_type else []
        texts = [one.question for one in typed]
        vectors = place.embedder.embed(texts, "query") if texts else np.zeros((0, 0), np.float32)
        kept = router(before.route, by_type, [one.type for one in typed], vectors)
        place.routers = {before.id: kept}
    return kept


@dataclass(frozen=True)
class AutoRoute:
    """A route that chooses another one for each question. Answers and streams as a `Route` does.

    `usual` is the route of the settings. `open` gives a route by name and raises a PakarError where
    it cannot run; `router` is None without a comparison.
    """

    usual: str
    embedder: Callable[[], Embedder]
    open: Callable[[str], Route]
    router: Callable[[], Router | None]

    name = AUTO

    def wishing(self, wish: Wish) -> AutoRoute:
        """The same choice, for a caller who asks for something special."""
        return replace(self, open=lambda name: self.open(name).wishing(wish))

    def answer(self, question: str, history: Sequence[Message] = ()) -> Answer:
        """Answers by the chosen route; `Answer.route` names it, its notes say why."""
        return self.stream(question, history).answer

    def stream(self, question: str, history: Sequence[Message] = ()) -> AnswerStream:
        """The same, as it is written."""
        chosen, note = self.chosen(question)
        return chosen.stream(question, history).noting(note)

    def chosen(self, question: str) -> tuple[Route, str]:
        """The route for a question, and one line on why it is that one."""
        router = self.router()
        if router is None:
            why = "there is no comparison yet to choose a route by (pakar compare)"
            return self.open(self.usual), f"route {self.usual}: {why}"
        name, kind = router.route, ""
        if router.by_type:
            name, kind = router.choose(self.embedder().embed([question], "query")[0])
        why = f"the last comparison speaks for it on questions of type {kind!r}"
        if not kind:
            why = "the last comparison speaks for it"
        try:
            return self.open(name), f"route {name}: {why}"
        except PakarError as error:
            return self.open(self.usual), f"route {self.usual}: {name} cannot run now: {error}"


AnyRoute = Route | AutoRoute
