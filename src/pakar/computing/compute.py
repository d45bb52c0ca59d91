"""A question over all tables: read, run, and given back only where there is no doubt.

Tries the languages, the tables and the readings of a question; where two of them give different
results, there is none. Knows no document and no citation.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pakar.computing.conditions import UnreadableError
from pakar.computing.formula import Formula
from pakar.computing.linking import mentions, names_table
from pakar.computing.query import InvalidQueryError, Query, Value, check
from pakar.computing.reading import Reading, read
from pakar.computing.sandbox import Cell, Limits, QueryStoppedError, Sandbox
from pakar.computing.sql import Sql, empty_sql, places_sql, result_sql
from pakar.computing.statement import statement
from pakar.computing.statement_question import read_statement
from pakar.computing.statement_words import may_ask
from pakar.computing.tables import Table
from pakar.computing.values import profile
from pakar.computing.words import LANGUAGES

MOST_PLACES = 12
LONGEST_QUESTION = 500
# More rows are no answer to read.
MOST_ANSWERED = 100


@dataclass(frozen=True, slots=True)
class Place:
    """A row that the result rests on: where it stands in the source and in the document's text."""

    place: str
    document: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Computed:
    """A result and what it rests on.

    `rows` are those of the query: (value,), (group, value) or the shown columns. `places` are the
    first MOST_PLACES rows that it rests on, `used` is how many there are, `empty` how many rows
    had no value where one was needed. `language` is the one in which the question was read.
    """

    table: Table
    query: Query
    rows: tuple[tuple[Cell, ...], ...]
    places: tuple[Place, ...]
    used: int
    empty: int
    language: str

    @property
    def result(self) -> tuple[object, ...]:
        """What another reading has to come to as well."""
        return tuple(sorted(str(row) for row in self.rows))


@dataclass(frozen=True, slots=True)
class Worked:
    """A figure of a statement, or what was worked out of several. `scale`: "in millions"."""

    table: Table
    formula: Formula
    scale: str
    language: str

    @property
    def result(self) -> tuple[object, ...]:
        figures = [str(one.value) for one in self.formula.figures]
        return (self.formula.value(), self.formula.years, *figures)

    @property
    def places(self) -> tuple[Place, ...]:
        """The rows of its figures, each once."""
        lines = [one.line for one in self.formula.figures]
        found = [Place(one.place, one.document, one.start, one.end) for one in lines]
        return tuple(dict.fromkeys(found))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a question; without `computed`, `reasons` say why, one a table at most."""

    computed: Computed | Worked | None = None
    reasons: tuple[str, ...] = ()


def compute(
    question: str, tables: Sequence[Table], language: str, limits: Limits | None = None
) -> Outcome:
    """Answers by computing, or not at all."""
    if len(question) > LONGEST_QUESTION:
        return Outcome(reasons=("the question is too long",))
    why: list[str] = []
    for one in _languages(language):
        found: list[Computed | Worked] = []
        reasons: list[str] = []
        for table in tables:
            # What stands in a statement is no list of things, though it may be read as one.
            for way in (_from_statement, _over):
                try:
                    found.append(way(question, table, one, limits or Limits()))
                    break
                except (UnreadableError, InvalidQueryError, QueryStoppedError) as error:
                    reasons.append(f"{_called(table)}: {error}")
        if found:
            return _agreed(question, found, reasons)
        why = why or reasons
    return Outcome(reasons=tuple(why))


def _languages(language: str) -> Iterator[str]:
    """The question's language first; short questions are easily taken for another."""
    known = language if language in LANGUAGES else LANGUAGES[0]
    yield known
    yield from (one for one in LANGUAGES if one != known)


def _from_statement(question: str, table: Table, language: str, limits: Limits) -> Worked:
    found = statement(table, language) if may_ask(question, language) else None
    if found is None:
        raise UnreadableError("no statement")
    formula = read_statement(question, found, language)
    if formula.value() is None and formula.operation not in ("lookup", "which year"):
        raise UnreadableError("a division by nothing")
    return Worked(table, formula, found.scale, language)


def _over(question: str, table: Table, language: str, limits: Limits) -> Computed:
    if not mentions(question, table):
        raise UnreadableError("none of its columns is named")
    readings = read(question, table, profile(table), language)
    for one in readings:
        check(one.query, table)
    with Sandbox(table.path, limits) as box:
        results = [tuple(box.rows(result_sql(one.query))) for one in readings]
        answers = {tuple(row[0] for row in rows) for rows in results}
        if len(answers) > 1:
            raise UnreadableError("it can be read in ways that differ")
        rows = results[0]
        _require_sense(readings[0], rows)
        return _with_places(box, table, readings[0].query, rows, language)


def _require_sense(reading: Reading, rows: Sequence[tuple[Cell, ...]]) -> None:
    if len(rows) > (reading.most_rows or MOST_ANSWERED):
        raise UnreadableError(f"{len(rows)} rows are no answer")
    if not rows or (not reading.query.group and all(one is None for one in rows[0])):
        raise UnreadableError("no row has such a value")


def _with_places(
    box: Sandbox, table: Table, query: Query, rows: tuple[tuple[Cell, ...], ...], language: str
) -> Computed:
    groups: tuple[Value, ...] = ()
    if query.group and query.limit:
        groups = tuple(row[0] for row in rows if isinstance(row[0], str | int | float | bool))
    everything = places_sql(query, groups, None)
    used = box.rows(Sql(f"SELECT count(*) FROM ({everything.text})", everything.values))
    places = box.rows(places_sql(query, groups, MOST_PLACES))
    return Computed(
        table=table,
        query=query,
        rows=rows,
        places=tuple(_place(row) for row in places),
        used=_whole(used[0][0]),
        empty=_empty(box, query),
        language=language,
    )


def _empty(box: Sandbox, query: Query) -> int:
    """Rows that pass the conditions and have an empty cell where a value was needed."""
    if not query.column or query.aggregate is None:
        return 0
    return _whole(box.rows(empty_sql(query))[0][0])


def _place(row: tuple[Cell, ...]) -> Place:
    return Place(str(row[0]), str(row[1]), _whole(row[2]), _whole(row[3]))


def _whole(value: Cell) -> int:
    return value if isinstance(value, int) else 0


def _agreed(question: str, found: Sequence[Computed | Worked], reasons: Sequence[str]) -> Outcome:
    """One table's result: the only one, the one that the question names, or any of equal ones."""
    named = [one for one in found if names_table(question, one.table)]
    for some in (found, named):
        if some and all(one.result == some[0].result for one in some):
            return Outcome(some[0])
    names = ", ".join(_called(one.table) for one in found)
    return Outcome(reasons=(*reasons, f"several tables fit: {names}"))


def _called(table: Table) -> str:
    return f"{table.document} {table.name}".strip()
