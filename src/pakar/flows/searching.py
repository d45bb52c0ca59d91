"""A question to the index in force, with a filter written as users write documents' names."""

from __future__ import annotations

from collections.abc import Sequence

from pakar.flows import indexed
from pakar.flows.index_in_force import retriever
from pakar.flows.workplace import Workplace
from pakar.ports import Filter
from pakar.types import Hit


def search(place: Workplace, question: str, k: int, where: Filter) -> list[Hit]:
    """The `k` best passages. The filter's documents are names, paths or folders of documents.

    Raises SourceError where one is not in the index.
    """
    opened = retriever(place)
    names = indexed.expanded(place, indexed.named(place, where.documents))
    return opened.search(
        question, k=k, where=Filter(_known(place, names), where.kinds, where.heading)
    )


def _known(place: Workplace, names: Sequence[str]) -> tuple[str, ...]:
    known = indexed.hashes(place) if names else {}
    for name in names:
        if name not in known:
            raise indexed.no_document(name, known)
    return tuple(names)
