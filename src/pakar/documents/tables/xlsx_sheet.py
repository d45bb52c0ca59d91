"""One sheet of a workbook, streamed row by row: shown texts, values, merged cells, saved results.

Knows the sheet's markup. Memory holds one row at a time, whatever the sheet's size.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import IO, TYPE_CHECKING, cast

from pakar.documents.tables.grid import GridRow
from pakar.documents.tables.model import MOST_COLUMNS
from pakar.documents.tables.xlsx_formats import GENERAL, date_value, is_date, plain, shown
from pakar.errors import SourceError

if TYPE_CHECKING:
    from lxml.etree import _Element

_REFERENCE = re.compile(r"([A-Z]{1,3})(\d{1,7})")
_MERGED = re.compile(rb'<(?:\w+:)?mergeCell [^>]*?ref="([A-Z]{1,3}\d{1,7}:[A-Z]{1,3}\d{1,7})"')
_BLOCK = 1 << 20
_MOST_MERGED = 20_000
_HOSTILE = "The file is damaged or was made to do harm: leave it out."


@dataclass(frozen=True, slots=True)
class Looks:
    """What cells refer to: shared texts, formats by style, and the year that days count from."""

    texts: list[str]
    formats: list[str]
    from_1904: bool


@dataclass(frozen=True, slots=True)
class _Merged:
    first_row: int
    last_row: int
    first: int
    last: int


@dataclass(slots=True)
class _Cell:
    text: str
    value: object


@dataclass(slots=True)
class Sheet:
    """`notes` may get one more when the rows are at their end."""

    archive: zipfile.ZipFile
    part: str
    looks: Looks
    notes: list[str] = field(default_factory=list)
    _unsaved: int = 0
    _dates: dict[str, bool] = field(default_factory=dict)

    def rows(self) -> Iterator[GridRow]:
        """The rows in order; a cell merged over rows stands in each of them."""
        merged = self._merged()
        kept: dict[int, dict[int, _Cell]] = {}
        with self._open() as stream:
            number = 0
            for _, element in parse_events(stream, ("row",)):
                number = int(element.get("r") or number + 1)
                cells = self._cells(element)
                _fill(cells, merged.get(number, ()), number, kept)
                element.clear()
                while element.getprevious() is not None:
                    del element.getparent()[0]
                if cells:
                    width = max(cells)
                    empty = _Cell("", None)
                    line = [cells.get(at, empty) for at in range(1, width + 1)]
                    across = tuple(
                        (one.first - 1, min(one.last, MOST_COLUMNS) - 1)
                        for one in merged.get(number, ())
                        if one.first_row == number and one.first < one.last
                    )
                    texts = [one.text for one in line]
                    yield GridRow(number, texts, [one.value for one in line], across)
        if self._unsaved:
            self.notes.append(
                f"{self._unsaved:,} formulas have no saved result: open the file in a spreadsheet "
                "program and save it"
            )

    def _open(self) -> IO[bytes]:
        try:
            return self.archive.open(self.part)
        except KeyError as error:
            raise SourceError(f"is damaged: it lacks {self.part}", hint=_HOSTILE) from error

    def _cells(self, row: _Element) -> dict[int, _Cell]:
        cells: dict[int, _Cell] = {}
        column = 0
        for element in row:
            if local(element) != "c":
                continue
            match = _REFERENCE.fullmatch(element.get("r") or "")
            column = _number(match.group(1)) if match else column + 1
            cell = self._cell(element)
            if cell is not None:
                if column > MOST_COLUMNS * 4:
                    raise SourceError(
                        f"has cells in column {column:,}; at most {MOST_COLUMNS:,} are read",
                        hint="Keep the columns that matter.",
                    )
                cells[column] = cell
        return cells

    def _cell(self, element: _Element) -> _Cell | None:
        kind = element.get("t") or "n"
        stored, has_formula = None, False
        for part in element:
            name = local(part)
            if name == "v":
                stored = part.text
            elif name == "f":
                has_formula = True
            elif name == "is":
                text = "".join(
                    one.text or "" for one in part.iter()
                    if local(one) == "t" and local(one.getparent()) != "rPh"
                )  # fmt: skip
                return _Cell(text, None) if text else None
        if stored is None:
            self._unsaved += has_formula
            return None
        if kind == "s":
            at = int(stored)
            text = self.looks.texts[at] if 0 <= at < len(self.looks.texts) else ""
            return _Cell(text, None) if text else None
        if kind == "b":
            return _Cell("TRUE" if stored == "1" else "FALSE", stored == "1")
        if kind in ("str", "e", "d"):
            return _Cell(stored, None) if stored else None
        return self._number(stored, int(element.get("s") or 0))

    def _number(self, stored: str, style: int) -> _Cell:
        formats = self.looks.formats
        code = formats[style] if 0 <= style < len(formats) else GENERAL
        if code not in self._dates:
            self._dates[code] = is_date(code)
        text = shown(stored, code, from_1904=self.looks.from_1904)
        try:
            number = float(stored)
        except ValueError:
            return _Cell(stored, None)
        if self._dates[code]:
            return _Cell(text, date_value(number, code, from_1904=self.looks.from_1904))
        exact = plain(stored)
        if exact.lstrip("-").isdigit() and len(exact) < 19:
            return _Cell(text, int(exact))
        try:
            return _Cell(text, Decimal(exact))
        except ArithmeticError:
            return _Cell(text, None)

    def _merged(self) -> dict[int, list[_Merged]]:
        """Merged cells by every row that they touch; they stand behind the rows in the file."""
        found: dict[int, list[_Merged]] = {}
        count = 0
        with self._open() as stream:
            left = b""
            while block := stream.read(_BLOCK):
                data = left + block
                for match in _MERGED.finditer(data):
                    one = _merged(match.group(1).decode())
                    count += one.last_row - one.first_row + 1
                    if count > _MOST_MERGED:
                        return found  # further ones are read as they stand: in their first cell
                    for row in range(one.first_row, one.last_row + 1):
                        found.setdefault(row, []).append(one)
                left = data[data.rfind(b"<") :][-200:]
        return found


def _fill(
    cells: dict[int, _Cell],
    merged: list[_Merged] | tuple[()],
    row: int,
    kept: dict[int, dict[int, _Cell]],
) -> None:
    """Puts a merged cell's content into its other rows, in its first column."""
    for one in merged:
        if row == one.first_row and one.first in cells:
            kept.setdefault(one.first_row, {})[one.first] = cells[one.first]
        elif one.first_row < row:
            content = kept.get(one.first_row, {}).get(one.first)
            if content is not None:
                cells.setdefault(one.first, content)
        if row == one.last_row:
            kept.get(one.first_row, {}).pop(one.first, None)


def _merged(reference: str) -> _Merged:
    start, _, end = reference.partition(":")
    first, last = _REFERENCE.fullmatch(start), _REFERENCE.fullmatch(end)
    if first is None or last is None:
        raise SourceError(f"has a merged cell {reference!r:.40}", hint=_HOSTILE)
    rows = sorted((int(first.group(2)), int(last.group(2))))
    columns = sorted((_number(first.group(1)), _number(last.group(1))))
    return _Merged(rows[0], min(rows[1], rows[0] + _MOST_MERGED), columns[0], columns[1])


def _number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


def local(element: _Element | None) -> str:
    """An element's name without its namespace; "" for none and for comments."""
    if element is None or not isinstance(element.tag, str):
        return ""
    return element.tag.rpartition("}")[2]


def parse_events(stream: IO[bytes], names: tuple[str, ...]) -> Iterator[tuple[str, _Element]]:
    """Elements of these names as they end. No entity is resolved, nothing is fetched."""
    from lxml import etree

    tags = [f"{{*}}{name}" for name in names]
    events = etree.iterparse(
        stream, events=("end",), tag=tags, resolve_entities=False, no_network=True,
        load_dtd=False, huge_tree=False,
    )  # fmt: skip
    first = True
    for event, element in events:
        if first and element.getroottree().docinfo.doctype:
            raise SourceError("defines XML entities, which Office files never do", hint=_HOSTILE)
        first = False
        yield event, cast("_Element", element)
