"""The values that flow through pakar, in pipeline order.

    documents -> passages -> index -> retrieval -> answer
        -> examples -> adapter -> answer

All are frozen; ids are derived from content, never drawn at random. This module knows no library
and no file: anything may import it, and it imports nothing of pakar.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

MarkKind = Literal["page", "slide", "heading", "table", "row", "card", "ocr"]
PassageKind = Literal["content", "summary", "row"]
ColumnType = Literal["text", "integer", "decimal", "date", "timestamp", "boolean"]
Origin = Literal["curated", "imported", "extracted", "generated", "feedback"]
State = Literal["accepted", "waiting", "rejected"]
Form = Literal["plain", "grounded", "text"]
Method = Literal["lora", "qlora"]

_NO_SCORES: Mapping[str, float] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Mark:
    """A labelled span of a document's text.

    `start` and `end` are offsets in code points, `text[start:end]` being what the mark covers:
    the whole page for "page" and "slide", the heading's own words for "heading", the lines of a
    table for "table", one line for "row", the lines that describe a table for "card", a page or
    a block on it that was read from a picture for "ocr". `value` is the page's or slide's number,
    the heading's words, where a row stands in its source ("Sheet1!A5:F5"), or how sure the reading
    of the picture is ("0.93"; for a block, its least sure line); `level` counts from 1 for headings
    and is 0 otherwise.
    """

    kind: MarkKind
    start: int
    end: int
    value: str = ""
    level: int = 0


@dataclass(frozen=True, slots=True)
class Document:
    """One source as read.

    `name` is how the user knows it: the path below the expert's folder, or the absolute path of a
    source outside it, always with forward slashes. `content_hash` is the SHA-256 of the source's
    bytes. `language` is an ISO 639-1 code, or "und" where the text is too short to tell. `marks`
    are ordered by start, then by descending end. `warnings` are one-line notes for the user on
    what could not be read.
    """

    name: str
    text: str
    title: str
    language: str
    content_hash: str
    media_type: str
    marks: tuple[Mark, ...] = ()
    warnings: tuple[str, ...] = ()

    def page_at(self, offset: int) -> int | None:
        """The number of the page or slide that holds the offset; None where there are none.

        An offset in the gap between two pages belongs to the page before it.
        """
        page: int | None = None
        for mark in self.marks:
            if mark.kind in ("page", "slide") and mark.start <= offset and mark.value.isdigit():
                page = int(mark.value)
        return page

    def headings_at(self, offset: int) -> tuple[str, ...]:
        """The path of headings above the offset, the outermost first."""
        path: list[Mark] = []
        for mark in self.marks:
            if mark.kind == "heading" and mark.start <= offset:
                path = [*(above for above in path if above.level < mark.level), mark]
        return tuple(mark.value for mark in path)

    def place_at(self, offset: int) -> str:
        """Where the row that holds the offset stands in its table; "" outside of rows."""
        for mark in self.marks:
            if mark.kind == "row" and mark.start <= offset < mark.end:
                return mark.value
        return ""


_PART = re.compile(r"(.+)#part\d{1,9}\Z", re.DOTALL)


def part_name(source: str, number: int) -> str:
    """The name of a document that holds one part of a long source."""
    return f"{source}#part{number}"


def source_of(document: str) -> str:
    """The source that a document belongs to: its own name, unless it is a part of one."""
    match = _PART.match(document)
    return match.group(1) if match else document


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its name as in the source (made unique) and what all its cells are.

    `unit` is what every number of the column has beside it ("%", "$", "Rp"), "" without one. `at`
    counts the source's columns from 0, of which empty ones without a name are left out; -1 where
    it is not known.
    """

    name: str
    type: ColumnType = "text"
    unit: str = ""
    at: int = field(default=-1, compare=False)


@dataclass(frozen=True, slots=True)
class TableFile:
    """A table of an indexed document as a typed Parquet file, for computing with it.

    `document` is the document's name, `name` the sheet's or table's ("" where it has none). The
    file has the `columns` with their types, and for every row: `_place` ("Sheet1!A5:F5" or
    "accounts[id=7]"), `_document`, `_start` and `_end`: the document and the offsets of the row's
    line in its text. `_document` differs from `document` where a long table is kept in parts.
    """

    document: str
    name: str
    path: str
    columns: tuple[Column, ...]
    rows: int


@dataclass(frozen=True, slots=True)
class Passage:
    """A span of a document: `document.text[start:end] == text`, but for summaries (see
    `is_verbatim`).

    `headings` is the path from the outermost heading to the innermost that covers the span's
    start. `page` is the page's or slide's number where the source has them. `title` and
    `language` are the document's. `place` is where a row stands in its table: a sheet and cells
    ("Sheet1!A5:F5"), or a table and its key ("accounts[id=7]"); empty for other passages.
    """

    document: str
    start: int
    end: int
    text: str
    kind: PassageKind = "content"
    title: str = ""
    headings: tuple[str, ...] = ()
    page: int | None = None
    language: str = "und"
    place: str = ""

    @property
    def id(self) -> str:
        """Equal for equal spans of equal text in a document of the same name."""
        key = f"{self.document}\x00{self.kind}\x00{self.start}\x00{self.end}\x00{self.text}"
        return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:32]

    @property
    def is_verbatim(self) -> bool:
        """Whether the text is the document's own. A summary of a span is not: it is shorter."""
        return len(self.text) == self.end - self.start

    @property
    def heading(self) -> str:
        return " > ".join(self.headings)

    @property
    def context(self) -> str:
        """The title and the heading path: what the span itself does not say about its place."""
        parts = (
            [self.title, *self.headings] if self.title not in self.headings[:1] else self.headings
        )
        return " > ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage with the score that ranked it and the scores that it is made of.

    `score` is the fused (or re-ranked) score: comparable within one search. `scores` holds what
    each retriever gave, by its name ("vector": cosine similarity, "words": BM25, "rerank").
    """

    passage: Passage
    score: float
    scores: Mapping[str, float] = field(default_factory=lambda: _NO_SCORES)

    @property
    def document(self) -> str:
        return self.passage.document

    @property
    def page(self) -> int | None:
        return self.passage.page

    @property
    def heading(self) -> str:
        return self.passage.heading

    @property
    def start(self) -> int:
        return self.passage.start

    @property
    def end(self) -> int:
        return self.passage.end

    @property
    def text(self) -> str:
        return self.passage.text

    @property
    def kind(self) -> PassageKind:
        return self.passage.kind

    @property
    def place(self) -> str:
        return self.passage.place


@dataclass(frozen=True, slots=True)
class Citation:
    """A span of a document that supports a span of an answer.

    `quote` is verbatim: the document's text from `start` to `end`. `answer_start` and
    `answer_end` delimit the supported sentence in the answer's text. `score` says how much of
    the sentence the quote covers, from 0 to 1. `place` is the cited row's, as in a passage.
    """

    document: str
    start: int
    end: int
    quote: str
    answer_start: int
    answer_end: int
    score: float
    page: int | None = None
    heading: str = ""
    title: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds spent; `first_token` counts from the question to the first piece of the answer."""

    retrieval: float = 0.0
    first_token: float = 0.0
    total: float = 0.0


@dataclass(frozen=True, slots=True)
class Computation:
    """How a number was computed: the query, for reading, and the table it was run over.

    `columns` and `rows` are the query's result. `cells` are the cells it rests on, as the source
    calls them ("Sheet1!C5", "accounts[id=7].balance"), and `used` is how many rows that are in
    all; of a long table only the first cells are named.
    """

    query: str
    document: str
    table: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str | int | float | bool | None, ...], ...]
    cells: tuple[str, ...]
    used: int


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens that a model read and wrote for one answer; `cut` where its limit ended it."""

    read: int = 0
    written: int = 0
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What a route answered.

    `unsupported` are the answer's sentences for which no span of the retrieved passages was
    found; `abstained` is true where the route said that it does not know. `notes` are one-line
    remarks for the reader on how the answer came about (passages left out, answer cut off).
    `prompt` are the turns that the model was given; none where no model was asked.
    `computation` is there where the answer was computed and no model wrote it.
    `usage` is zero where no model wrote.
    """

    text: str
    route: str
    citations: tuple[Citation, ...] = ()
    unsupported: tuple[str, ...] = ()
    abstained: bool = False
    hits: tuple[Hit, ...] = ()
    timings: Timings = field(default_factory=Timings)
    notes: tuple[str, ...] = ()
    prompt: tuple[Message, ...] = ()
    computation: Computation | None = None
    usage: Usage = field(default_factory=Usage)

    @property
    def documents(self) -> frozenset[str]:
        """All that the answer may have words of, but for what an adapter learned from."""
        computed = {self.computation.document} if self.computation else set()
        found = {hit.document for hit in self.hits} | {one.document for one in self.citations}
        return frozenset(found | computed)


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Source:
    """Where the knowledge of an example stands: a span of a document as it was then.

    `content_hash` is that of the document when the example was made, "" where nobody noted it;
    `start` and `end` are both 0 where only the document is known.
    """

    document: str
    content_hash: str = ""
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True)
class Example:
    """A training item: a conversation that ends with the answer to be learned.

    `sources` are the spans that it came from. `form` says how it asks: "plain" without passages,
    "grounded" with them in the question, "text" has only the one turn to be learned as it stands.
    `fact` is equal for examples that teach the same fact, in whatever words or form; sets are
    split by it. `id` is derived from content.
    """

    id: str
    messages: tuple[Message, ...]
    origin: Origin
    sources: tuple[Source, ...] = ()
    form: Form = "plain"
    fact: str = ""
    language: str = "und"
    state: State = "accepted"

    @property
    def question(self) -> str:
        """The last user's turn; "" for a text."""
        asked = [turn.content for turn in self.messages if turn.role == "user"]
        return asked[-1] if asked else ""

    @property
    def answer(self) -> str:
        """The turn that is learned."""
        return self.messages[-1].content


@dataclass(frozen=True, slots=True)
class Adapter:
    """LoRA or QLoRA weights and what is known of them.

    `base` is the spec of the model that they were trained on. `documents` are those that it
    learned from; `stale` says why it no longer fits them, one line a reason; `removed` are those
    that were taken out of the index for good. `refused` is why it is not used by default, "" where
    nothing speaks against it. `loss` is the mean on held-out answer tokens, in nats, before and
    after. `memory_mb` is the peak of the process that trained, in 10^6 bytes.
    """

    id: str
    method: Method
    base: str
    folder: str
    created: str
    examples: int
    documents: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    refused: str = ""
    loss: tuple[float, float] = (0.0, 0.0)
    seconds: float = 0.0
    memory_mb: float = 0.0


@dataclass(frozen=True, slots=True)
class Scope:
    """How much a comparison asks.

    `limit` questions (0: all) within `budget` seconds (0: no end), in the order that `seed`
    draws. `again` repeats the questions and routes of the comparison before. `memory` starts a
    process a route to measure its memory, once for each state of a route. `judge` is the spec of a
    model that judges the answers beside the measures, `labels` a file to check it against.
    """

    limit: int = 0
    budget: float = 0.0
    seed: int = 0
    again: bool = False
    memory: bool = True
    judge: str = ""
    labels: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """A source that could not be read: what, why, and what to do next."""

    source: str
    error: str
    hint: str


@dataclass(frozen=True, slots=True)
class AddReport:
    """What `add` did, by document name. `passages` counts those written in this run.

    `skipped` are files in a named folder that pakar does not read; they are no failures. `probed`
    counts the sentences of changed and removed text that were looked for afterwards; one that
    was still found is a failure.
    """

    added: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    failed: tuple[Failure, ...] = ()
    skipped: tuple[Failure, ...] = ()
    warnings: tuple[str, ...] = ()
    passages: int = 0
    seconds: float = 0.0
    probed: int = 0


@dataclass(frozen=True, slots=True)
class Status:
    """What an expert holds. `problem` is empty where the index fits the settings.

    `documents` are names, `languages` counts passages by language, `roots` are the sources that
    `add` looks through when it is called without any. `waiting` examples want to be reviewed,
    `feedback` of them come from what was said of answers; `training` says whether another training
    would pay, "" where nothing speaks for one. `calibrated` is from how many questions it has
    learned when to say that it does not know; 0: what comes with pakar decides.
    """

    folder: str
    language_model: str
    embedder: str = ""
    documents: tuple[str, ...] = ()
    passages: int = 0
    languages: Mapping[str, int] = field(default_factory=dict)
    roots: tuple[str, ...] = ()
    index_version: int = 0
    problem: str = ""
    adapters: tuple[Adapter, ...] = ()
    waiting: int = 0
    feedback: int = 0
    training: str = ""
    calibrated: int = 0
