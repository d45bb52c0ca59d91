"""A batch's rows: which column asks, what each row becomes, and when a person should look.

Knows cells, answers and outcomes; asks nothing and reads no file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pakar.errors import ConfigError
from pakar.flows.batch_journal import Outcome
from pakar.flows.row_files import FileRow, RowFile
from pakar.types import Answer, Citation

MOST_CHARACTERS = 50_000
# A draft of which less than this share of sentences has a source is for a person to look at.
SUPPORTED = 0.67
_PREFIX = "pakar_"
_BEFORE = ("answer", "abstained")
_AFTER = ("sources", "unsupported", "review", "route", "notes", "error")


@dataclass(frozen=True, slots=True)
class AskedRow:
    """A row with its question; `problem` says why it cannot be asked."""

    number: int
    cells: Mapping[str, object]
    question: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class FailedRow:
    """A row without an answer: its number, counted from 1 without the heading, and why."""

    row: int
    error: str


@dataclass(frozen=True, slots=True)
class RestOn:
    """What the answers of a batch may have words of: documents, and what their routes learned."""

    documents: tuple[str, ...] = ()
    routes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BatchReport:
    """What a batch did. `asked` and `known` count different questions: asked in this run, and
    answered in one before. `review` counts rows for a person to look at."""

    out: str
    rows: int
    asked: int
    known: int
    review: int
    failed: tuple[FailedRow, ...] = ()
    notes: tuple[str, ...] = ()
    rest_on: RestOn = RestOn()


@dataclass(frozen=True, slots=True)
class Batch:
    """The rows and the columns that they came with."""

    rows: tuple[AskedRow, ...]
    given: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def questions(self) -> list[str]:
        """Each question once, in the order of the rows."""
        return list(dict.fromkeys(one.question for one in self.rows if not one.problem))

    def name(self, column: str) -> str:
        """A column of pakar's own, under another name where the file has one of that name."""
        return f"{_PREFIX}{column}" if column in self.given else column

    def columns(self, fields: Sequence[str]) -> list[str]:
        return [*self.given, *(self.name(one) for one in (*_BEFORE, *fields, *_AFTER))]


def batch_of(file: RowFile, column: str) -> Batch:
    """Raises ConfigError where no column has the name."""
    named = [name for name in file.columns if name.casefold() == column.casefold()]
    if not named:
        raise ConfigError(
            f"no column is called {column!r}",
            hint=f"Name one with --column: {', '.join(file.columns[:20]) or 'there is none'}",
        )
    rows = tuple(_asked(one, named[0]) for one in file.rows)
    whole = [one.question for one in rows if not one.problem]
    doubled = len(whole) - len(set(whole))
    notes = []
    if doubled:
        notes.append(f"rows that repeat a question: {doubled}; each question was asked once")
    ids = Counter(str(one.cells["id"]) for one in rows if one.cells.get("id") not in (None, ""))
    twice = [key for key, count in ids.items() if count > 1]
    if twice:
        notes.append(f"ids that stand in several rows: {len(twice)}, such as {twice[0]:.40}")
    return Batch(rows, file.columns, tuple(notes))


def row_of(
    batch: Batch, row: AskedRow, outcome: Outcome, fields: Sequence[str], *, table: bool
) -> dict[str, object]:
    """What is written for a row. `table`: sources as text, for a cell."""
    answer = outcome.answer
    own: dict[str, object] = {"answer": "", "abstained": False}
    own |= dict.fromkeys(fields)
    own |= {"sources": [], "unsupported": [], "route": "", "notes": []}
    own |= dict(outcome.fields or {})
    if answer is not None:
        own["answer"], own["abstained"] = answer.text, answer.abstained
        own["unsupported"], own["route"] = list(answer.unsupported), answer.route
        own["notes"] = list(answer.notes)
        own["sources"] = _places(answer.citations) if table else _sources(answer.citations)
    own["review"] = "" if outcome.error else reasons(outcome)
    own["error"] = outcome.error
    return {**row.cells, **{batch.name(name): value for name, value in own.items()}}


def reasons(outcome: Outcome) -> str:
    """Why a person should look before this is used; "" where nothing speaks against it."""
    found = [f"{name} might be another" for name in outcome.close]
    answer = outcome.answer
    if answer is not None and answer.abstained:
        found.insert(0, "the documents do not answer it")
    elif answer is not None:
        found = [*_thin(answer), *found]
    return "; ".join(found)


def _thin(answer: Answer) -> list[str]:
    if not answer.text.strip():
        return ["nothing was written"]
    supported = len({(one.answer_start, one.answer_end) for one in answer.citations})
    total = supported + len(answer.unsupported)
    if total == 0 or supported / total >= SUPPORTED:
        return [] if supported else ["no sentence has a source"]
    return [f"{len(answer.unsupported)} of {total} sentences have no source"]


def _asked(row: FileRow, column: str) -> AskedRow:
    value = row.cells.get(column)
    question = value.strip() if isinstance(value, str) else ""
    problem = row.problem
    if not problem and value is not None and not isinstance(value, str):
        problem = f"{column} is {value!r:.40}, not a text"
    if not problem and not question:
        problem = f"{column} is empty"
    if not problem and len(question) > MOST_CHARACTERS:
        problem = f"{column} has {len(question):,} characters; the limit is {MOST_CHARACTERS:,}"
    return AskedRow(row.number, row.cells, question, problem)


def _places(citations: Sequence[Citation]) -> list[str]:
    """Each place once: the document, its page, its heading."""
    places = (
        ", ".join(
            part
            for part in (
                one.document,
                f"page {one.page}" if one.page is not None else "",
                one.heading,
            )
            if part
        )
        for one in citations
    )
    return list(dict.fromkeys(places))


def _sources(citations: Sequence[Citation]) -> list[dict[str, object]]:
    return [
        {
            "document": one.document,
            "page": one.page,
            "heading": one.heading,
            "start": one.start,
            "end": one.end,
            "quote": one.quote,
        }
        for one in citations
    ]
