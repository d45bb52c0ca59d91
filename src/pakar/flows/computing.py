"""A computed answer with its citations: from the index's tables to the document's own lines.

Puts `pakar.computing` and the documents' texts together; knows no route and no model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from pakar.computing.cells import cell
from pakar.computing.compute import Computed, Place, compute
from pakar.computing.sql import shown
from pakar.computing.tables import Table
from pakar.computing.telling import notes, told
from pakar.errors import PakarError
from pakar.types import Answer, Citation, Computation, Document

Value = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Calculator:
    """Answers questions about numbers from tables; called with a question and its language.

    `tables` gives the index's tables, `load` a document by name.
    """

    tables: Callable[[], Sequence[Table]]
    load: Callable[[str], Document]

    def __call__(self, question: str, language: str) -> Answer | None:
        """The answer, without route and times; None where it cannot be computed for sure."""
        tables = self.tables()
        computed = compute(question, tables, language).computed if tables else None
        if computed is None:
            return None
        text = told(computed)
        citations = [one for place in computed.places if (one := self._citation(place, len(text)))]
        if len(citations) < len(computed.places):
            return None  # the tables are not those of the texts: nothing is claimed
        return Answer(
            text,
            route="",
            citations=tuple(citations),
            notes=notes(computed),
            computation=_computation(computed),
        )

    def _citation(self, place: Place, length: int) -> Citation | None:
        try:
            document = self.load(place.document)
        except PakarError:
            return None
        quote = document.text[place.start : place.end]
        if not quote.strip():
            return None
        return Citation(
            document=place.document,
            start=place.start,
            end=place.end,
            quote=quote,
            answer_start=0,
            answer_end=length,
            score=1.0,
            page=document.page_at(place.start),
            heading=" > ".join(document.headings_at(place.start)),
            title=document.title,
        )


def _computation(computed: Computed) -> Computation:
    query, table = computed.query, computed.table
    columns = query.show or ((query.group, "value") if query.group else ("value",))
    return Computation(
        query=shown(query, table.name or table.document),
        document=table.document,
        table=table.name,
        columns=columns,
        rows=tuple(tuple(_plain(one) for one in row) for row in computed.rows),
        cells=_cells(computed),
        used=computed.used,
    )


def _cells(computed: Computed) -> tuple[str, ...]:
    """The cells of the column that was computed; the whole rows where rows were counted."""
    query = computed.query
    name = query.column or (query.show[-1] if query.show else "")
    if not name:
        return tuple(one.place for one in computed.places)
    position = [one.name for one in computed.table.columns].index(name)
    return tuple(cell(one.place, position, name) for one in computed.places)


def _plain(value: object) -> Value:
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    return str(value)
