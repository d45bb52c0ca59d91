"""An expert as one visitor sees it: the only way from the server to a document's text.

Everything that shows text, names or answers goes through here, so that labels are enforced in
one place. Knows the expert's façade and the labels; knows nothing of HTTP.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from pakar.answering.route import Route
from pakar.errors import ExpertError, SourceError
from pakar.expert import Expert
from pakar.flows.auto import AnyRoute, AutoRoute
from pakar.flows.computing import Calculator
from pakar.flows.routes import AUTO
from pakar.index.changes import is_below
from pakar.ports import Filter
from pakar.retrieval.search import Retriever
from pakar.server.access.labels import Labels
from pakar.server.access.visitor import Visitor
from pakar.server.problems import RequestError
from pakar.types import Document, Hit


@dataclass(frozen=True)
class View:
    """What a visitor may see of an expert. Cheap to make: one for each request."""

    expert: Expert
    labels: Labels
    visitor: Visitor
    # Models are opened once, whoever comes first; two at a time would load the weights twice.
    opening: threading.Lock = field(default_factory=threading.Lock)

    def may_read(self, document: str) -> bool:
        """Whether the visitor holds all labels of a document, be it in the index or not."""
        return self.labels.may_read(self.visitor, document)

    def documents(self) -> tuple[str, ...]:
        """The names of the documents in the index that the visitor may read, sorted."""
        try:
            known = self._retriever.store.snapshot().documents()
        except ExpertError:  # none was added yet
            return ()
        return tuple(sorted(name for name in known if self.may_read(name)))

    def document(self, name: str) -> Document:
        """A document as it was indexed. Raises SourceError, the same for one that is not there
        and for one that may not be read."""
        if not self.may_read(name):
            raise unknown_document(name)
        try:
            with self.opening:
                return self.expert.document(name)
        except SourceError as error:
            # The façade's own hint may name a document that this visitor must not know.
            raise unknown_document(name) from error

    def search(
        self,
        question: str,
        k: int = 10,
        *,
        documents: Sequence[str] = (),
        kinds: Sequence[str] = (),
        heading: str = "",
    ) -> list[Hit]:
        """As `Expert.search`, among what may be read."""
        names = self._below(documents)
        where = Filter(tuple(names), tuple(kinds), heading)
        return self._retriever.search(question, k=k, where=where)

    def routes(self) -> tuple[str, ...]:
        """The routes that can run now and whose adapters learned only what may be read; `auto`,
        which chooses among these, is the last."""
        return (*(name for name in self.expert.routes() if self._is_open(name)), AUTO)

    def route(self, name: str | None = None) -> AnyRoute:
        """A way to answer that finds and cites only what may be read.

        Raises RequestError, the same for a route that there is not and for one that is closed.
        """
        chosen = name or self.expert.config.answering.route
        if chosen != AUTO:
            return self._opened(chosen)
        route = self.expert.route(AUTO)
        return replace(route, open=self._opened) if isinstance(route, AutoRoute) else route

    def require_route(self, name: str) -> None:
        """Raises RequestError as `route` does, and opens nothing."""
        if name not in self.routes():
            raise unknown_model(name, self.routes())

    def learned(self, route: str) -> tuple[str, ...]:
        """The documents that the adapter of a route learned from."""
        adapter = None if route == AUTO else self.expert.adapter_of(route)
        return adapter.documents if adapter else ()

    def _opened(self, name: str) -> Route:
        # Looked up by its listed name, so that an adapter's id is no way around the test.
        route = None
        if name in self.routes():
            with self.opening:
                route = self.expert.route(name)
        # Asked again: an adapter that was trained meanwhile may be the one that was opened.
        if not isinstance(route, Route) or not self._is_open(name):
            raise unknown_model(name, self.routes())
        if route.retriever is None or self._test is None:
            return route
        # A calculator whose tables cannot be told apart by who may read them computes nothing.
        given = route.compute
        compute = given.among(self.may_read) if isinstance(given, Calculator) else None
        return replace(route, retriever=self._retriever, load=self.document, compute=compute)

    def _is_open(self, route: str) -> bool:
        return self.labels.may_read_all(self.visitor, self.learned(route))

    @property
    def _retriever(self) -> Retriever:
        """Finds only what may be read."""
        with self.opening:
            return self.expert.retriever.among(self._test)

    @cached_property
    def _test(self) -> Callable[[str], bool] | None:
        """None where everything may be read: nothing has to be asked then."""
        return None if self.visitor.reads_everything else self.may_read

    def _below(self, documents: Sequence[str]) -> list[str]:
        known = self.documents() if documents else ()
        names = []
        for wanted in documents:
            below = [name for name in known if wanted.strip() and is_below(name, wanted)]
            if not below:
                raise unknown_document(wanted)
            names += below
        return names


def unknown_document(name: str) -> SourceError:
    return SourceError(f"no document {name!r:.200} in the index", hint="List those that there are.")


def unknown_model(name: str, known: Sequence[str]) -> RequestError:
    return RequestError(
        f"there is no route {name!r:.100}",
        status=404,
        code="model_not_found",
        param="model",
        hint=f"Known: {', '.join(known)}.",
    )
