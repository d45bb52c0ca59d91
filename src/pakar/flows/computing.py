"""A computed answer with its citations: from the index's tables to the document's own lines.

Puts `pakar.computing` and the documents' texts together; knows no route and no model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path

from pakar.computing.cells import cell
from pakar.computing.compute import Computed, Place, Worked, compute
from pakar.computing.sql import shown
from pakar.computing.statement_telling import told_worked
from pakar.computing.tables import Column, Kind, Table
from pakar.computing.telling import notes, told
from pakar.errors import PakarError
from pakar.types import Answer, Citation, ColumnType, Computation, Document, TableFile

Value = str | int | float | bool | None
_KINDS: dict[ColumnType, Kind] = {
    "text": "text", "integer": "whole", "decimal": "number", "date": "date",
    "timestamp": "date", "boolean": "flag",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Calculator:
    """Answers questions about numbers from tables; called with a question and its language.

    `tables` gives the index's tables, `load` a document by name.
    """

    tables: Callable[[], Sequence[TableFile]]
    load: Callable[[str], Document]

    def among(self, may_read: Callable[[str], bool]) -> Calculator:
        """The same, as if there were only the tables whose documents pass."""
        tables = self.tables
        return replace(self, tables=lambda: [one for one in tables() if may_read(one.document)])

    def __call__(self, question: str, language: str) -> Answer | None:
        """The answer, without route and times; None where it cannot be computed for sure."""
        tables = [_table(one) for one in self.tables()]
        found = compute(question, tables, language).computed if tables else None
        if found is None:
            return None
        text = told(found) if isinstance(found, Computed) else told_worked(found)
        citations = self._citations(found.places, len(text))
        if len(citations) < len(found.places):
            return None  # the tables are not those of the texts: nothing is claimed
        return Answer(
            text,
            route="",
            citations=citations,
            notes=notes(found) if isinstance(found, Computed) else (),
            computation=_computation(found) if isinstance(found, Computed) else _formula(found),
        )

    def _citations(self, places: Iterable[Place], length: int) -> tuple[Citation, ...]:
        documents: dict[str, Document] = {}
        found = []
        for place in places:
            try:
                document = documents.get(place.document) or self.load(place.document)
            except PakarError:
                return ()
            documents[place.document] = document
            quote = document.text[place.start : place.end]
            if quote.strip():
                found.append(_citation(document, place, quote, length))
        return tuple(found)


def _citation(document: Document, place: Place, quote: str, length: int) -> Citation:
    return Citation(
        document=document.name,
        start=place.start,
        end=place.end,
        quote=quote,
        answer_start=0,
        answer_end=length,
        score=1.0,
        page=document.page_at(place.start),
        heading=" > ".join(document.headings_at(place.start)),
        title=document.title,
        place=place.place,
    )


def _table(file: TableFile) -> Table:
    columns = tuple(Column(one.name, _KINDS[one.type], one.unit, one.at) for one in file.columns)
    return Table(file.document, file.name, Path(file.path), columns, file.rows)


def _computation(found: Computed) -> Computation:
    query, table = found.query, found.table
    return Computation(
        query=shown(query, table.called),
        document=table.document,
        table=table.name,
        columns=query.show or ((query.group, "value") if query.group else ("value",)),
        rows=tuple(tuple(_plain(one) for one in row) for row in found.rows),
        cells=_cells(found),
        used=found.used,
    )


def _formula(found: Worked) -> Computation:
    names = [one.name for one in found.table.columns]
    formula = found.formula
    cells = tuple(
        cell(one.line.place, _at(found.table, one.period.column), names[one.period.column])
        for one in formula.figures
    )
    value = formula.value()
    rows: tuple[tuple[Value, ...], ...] = ((_plain(value),),)
    if formula.operation == "lookup":
        rows = tuple((_plain(one.value),) for one in formula.figures)
    elif formula.operation == "which year":
        rows = tuple((one,) for one in formula.years)
    return Computation(
        query=formula.shown(cells),
        document=found.table.document,
        table=found.table.name,
        columns=("value",),
        rows=rows,
        cells=cells,
        used=len(found.places),
    )


def _cells(found: Computed) -> tuple[str, ...]:
    """The cells of the column that was computed; the whole rows where rows were counted."""
    query = found.query
    name = query.column or (query.show[-1] if query.show else "")
    if not name:
        return tuple(one.place for one in found.places)
    position = [one.name for one in found.table.columns].index(name)
    at = _at(found.table, position)
    return tuple(cell(one.place, at, name) for one in found.places)


def _at(table: Table, position: int) -> int:
    """Where a column of the table stands in its source: empty ones without a name are not in it."""
    at = table.columns[position].at
    return position if at < 0 else at


def _plain(value: object) -> Value:
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, date):
        return value.isoformat()
    return str(value)
