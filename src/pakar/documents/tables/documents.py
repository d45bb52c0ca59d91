"""From streams of rows to documents: one for a small source, further parts for long tables.

The document with the source's own name comes last. It has the card of every table and the rows of
small ones; the rows of a long table stand in documents of their own, a thousand each, so that no
text is ever large and a change touches few of them. Knows no files and no index.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

from pakar.documents.builder import clean
from pakar.documents.tables.card import card_lines
from pakar.documents.tables.columns import ColumnProfile, Decided, decide
from pakar.documents.tables.model import RawTable, Row, unique_names
from pakar.documents.tables.parquet_out import Lines, TableWriter
from pakar.language.detect import detect
from pakar.ports import Readout
from pakar.types import Document, Mark, part_name

ROWS_A_PART = 1_000
# Small tables of one source share its document up to this many rows.
_MOST_ROWS_TOGETHER = 2_000
_TOLD_BY = 4_000


@dataclass(frozen=True, slots=True)
class Origin:
    """The source that tables come from; `content_hash` is "" where only reading can tell."""

    name: str
    title: str
    media_type: str
    content_hash: str = ""
    warning: str = ""


def documents_of(tables: Iterable[RawTable], origin: Origin, folder: Path) -> Iterator[Readout]:
    """The documents of a source, that with its own name last; table files go to `folder`.

    Yields nothing but that one where the tables are small. Raises what reading raises.
    """
    reading = _Reading(origin, folder)
    for number, table in enumerate(tables):
        yield from reading.table(table, number)
    yield reading.finished()


@dataclass(slots=True)
class _Text:
    """Lines put together, with marks at exact offsets."""

    parts: list[str] = field(default_factory=list)
    length: int = 0
    marks: list[Mark] = field(default_factory=list)

    def line(self, text: str, *, gap: str = "\n") -> tuple[int, int]:
        if self.length:
            self.parts.append(gap)
            self.length += len(gap)
        start = self.length
        self.parts.append(text)
        self.length += len(text)
        return start, self.length

    def heading(self, words: str) -> None:
        start, end = self.line(words, gap="\n\n")
        self.marks.append(Mark("heading", start, end, words, 1))

    def card(self, lines: Sequence[str]) -> None:
        spans = [self.line(text, gap="\n" if at else "\n\n") for at, text in enumerate(lines)]
        self.marks.append(Mark("card", spans[0][0], spans[-1][1]))

    def rows(self, lines: Sequence[str], places: Sequence[str]) -> list[tuple[int, int]]:
        spans = [self.line(text, gap="\n" if at else "\n\n") for at, text in enumerate(lines)]
        if spans:
            self.marks.append(Mark("table", spans[0][0], spans[-1][1]))
        self.marks += [
            Mark("row", start, end, place)
            for (start, end), place in zip(spans, places, strict=True)
        ]
        return spans

    @property
    def text(self) -> str:
        return "".join(self.parts)

    def ordered_marks(self) -> tuple[Mark, ...]:
        return tuple(sorted(self.marks, key=lambda mark: (mark.start, -mark.end)))


class _Reading:
    """One source on its way to documents."""

    def __init__(self, origin: Origin, folder: Path) -> None:
        self._origin = origin
        self._folder = folder
        self._main = _Text()
        self._files: list[Path] = []
        self._warnings = [origin.warning] if origin.warning else []
        self._hashes: dict[str, str] = {}
        self._rows_together = 0
        self._language = ""

    def table(self, table: RawTable, number: int) -> Iterator[Readout]:
        """The parts of one table; what stays in the main document is kept for the end."""
        lines = _LinesOf(table)
        first = lines.batch()
        is_small = len(first) < ROWS_A_PART or not lines.has_more
        together = self._rows_together + len(first) <= _MOST_ROWS_TOGETHER
        writer = TableWriter(self._folder / f"{number}.parquet", lines.width)
        parts: dict[str, str] = {}
        try:
            if is_small and together:
                self._rows_together += len(first)
                self._describe(table, lines)
                spans = self._main.rows(lines.texts(first), [row.place for row in first])
                writer.add(Lines(self._origin.name, first, spans))
            else:
                while first:
                    part, spans = self._part(table, lines.texts(first), [r.place for r in first])
                    parts[part.name] = part.content_hash
                    writer.add(Lines(part.name, first, spans))
                    yield Readout(part)
                    first = lines.batch()
                self._describe(table, lines)
            file = writer.finish(
                lines.decided(), document=self._origin.name, name=table.name, parts=parts
            )
        except BaseException:
            writer.close()
            raise
        self._warnings += table.warnings
        self._files.append(file)

    def _describe(self, table: RawTable, lines: _LinesOf) -> None:
        if table.name:
            self._main.heading(table.name)
        for line in table.above:
            self._main.line(line, gap="\n\n")
        language = self._told(lines.sample)
        self._main.card(card_lines(table.name, lines.count, lines.decided(), language=language))

    def _told(self, sample: str) -> str:
        if not self._language:
            self._language = detect(sample)
        return self._language

    def _part(
        self, table: RawTable, texts: Sequence[str], places: Sequence[str]
    ) -> tuple[Document, list[tuple[int, int]]]:
        text = _Text()
        if table.name:
            text.heading(table.name)
        spans = text.rows(texts, places)
        name = part_name(self._origin.name, len(self._hashes) + 1)
        document = self._document(name, text, self._told(text.text[:_TOLD_BY]))
        document = replace(document, content_hash=_hash_of(document))
        self._hashes[document.name] = document.content_hash
        return document, spans

    def finished(self) -> Readout:
        """The main document, with the table files, each complete."""
        document = self._document(self._origin.name, self._main, self._language or "und")
        document = replace(document, warnings=tuple(self._warnings))
        own = self._origin.content_hash or _hash_of(document, *self._hashes.values())
        document = replace(document, content_hash=own)
        return Readout(document, tuple(self._files))

    def _document(self, name: str, text: _Text, language: str) -> Document:
        return Document(
            name=name,
            text=text.text,
            title=self._origin.title,
            language=language,
            content_hash="",
            media_type=self._origin.media_type,
            marks=text.ordered_marks(),
        )


class _LinesOf:
    """Batches of a table's rows, their lines, and what all of them together say of the columns."""

    def __init__(self, table: RawTable) -> None:
        self._rows = iter(table.rows)
        self._decimal_comma = table.decimal_comma
        self._names = list(table.columns)
        self._profiles = [
            ColumnProfile(name, named=bool(given))
            for name, given in zip(unique_names(table.columns), table.columns, strict=True)
        ]
        self._decided: list[Decided] | None = None
        self._next: list[Row] = list(islice(self._rows, ROWS_A_PART))
        self.width = self._width_of(self._next)
        self.count = 0
        self.sample = " | ".join(table.columns)

    def _width_of(self, rows: Sequence[Row]) -> int:
        widest = max((len(row.texts) for row in rows), default=0)
        return max(len(self._names), widest)

    @property
    def has_more(self) -> bool:
        return bool(self._next)

    def batch(self) -> list[Row]:
        """The next rows, cleaned and looked at; none at the end."""
        rows = [
            Row(row.place, [clean(cell) if cell else "" for cell in row.texts], row.values)
            for row in self._next
        ]
        self._next = list(islice(self._rows, ROWS_A_PART))
        self._grow()
        for at, profile in enumerate(self._profiles):
            profile.take(
                [row.texts[at] if at < len(row.texts) else "" for row in rows],
                [row.values[at] if at < len(row.values) else None for row in rows],
            )
        if not self.count:
            self.sample += "\n".join(self.texts(rows[:30]))[:_TOLD_BY]
        self.count += len(rows)
        return rows

    def _grow(self) -> None:
        while len(self._profiles) < self.width:
            self._names.append("")
            name = unique_names(self._names)[-1]
            self._profiles.append(ColumnProfile(name, named=False))

    def texts(self, rows: Sequence[Row]) -> list[str]:
        return [self._line(row.texts) for row in rows]

    def _line(self, cells: Sequence[str]) -> str:
        shown = []
        for at, cell in enumerate(cells):
            if cell:
                name = self._names[at] if at < len(self._names) else ""
                shown.append(f"{name}: {cell}" if name else cell)
        return " | ".join(shown) or "-"

    def decided(self) -> list[Decided]:
        """The columns' types; to be asked for when all rows were read."""
        if self._decided is None:
            self._decided = decide(self._profiles, decimal_comma=self._decimal_comma)
        return self._decided


def _hash_of(document: Document, *more: str) -> str:
    places = "\x00".join(mark.value for mark in document.marks)
    content = "\x00".join([document.title, document.text, places, *more])
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()
