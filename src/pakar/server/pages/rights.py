"""What of the training data and of comparisons a visitor may see. Knows labels and examples."""

from __future__ import annotations

from pakar.errors import ExampleError
from pakar.server.access.view import View
from pakar.server.problems import RequestError
from pakar.types import Adapter, Example


def visible_examples(view: View) -> list[Example]:
    """The examples that came only from documents that the visitor may read."""
    return [one for one in view.expert.examples() if _may_see(view, one)]


def visible_example(view: View, key: str) -> Example:
    """Raises ExampleError, the same for one that there is not and for one that may not be seen."""
    for one in visible_examples(view):
        if one.id == key:
            return one
    raise ExampleError("there is no such example", hint="It may have been edited. Load the page.")


def visible_adapters(view: View) -> list[Adapter]:
    """Those that learned only from documents that the visitor may read, the newest first."""
    found = [
        one
        for one in view.expert.adapters()
        if view.labels.may_read_all(view.visitor, (*one.documents, *one.removed))
    ]
    return found[::-1]


def reads_everything(view: View) -> bool:
    """Whether no label keeps anything from the visitor, of documents that came or went."""
    labels = view.expert.config.access.labels.values()
    return view.visitor.reads_everything or frozenset().union(*labels) <= view.visitor.labels


def require_everything(view: View) -> None:
    """Reports quote from all documents. Raises RequestError (403)."""
    if not reads_everything(view):
        raise RequestError(
            "a comparison quotes from all documents, and you may not read all of them",
            status=403,
            code="forbidden",
            hint="Ask an admin.",
        )


def _may_see(view: View, example: Example) -> bool:
    return all(view.may_read(one.document) for one in example.sources)
