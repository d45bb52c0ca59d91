"""Rows of a table or of JSON lines: read with what is wrong with each, and written whole.

Knows the two forms of file and what a spreadsheet does with a cell; nothing of questions.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pakar.atomic_file import write_atomically
from pakar.documents.decoding import decode, read_bytes
from pakar.errors import ConfigError

Cells = Mapping[str, object]
MOST_MEGABYTES = 500
_MOST_CELL = 5_000_000
_JSON_LINES = (".jsonl", ".ndjson")
_TABLES = (".csv", ".tsv")
_KNOWN = ", ".join((*_TABLES, *_JSON_LINES))
# OWASP, "CSV Injection": what makes a spreadsheet take a cell for a formula.
_FORMULA = re.compile(r"[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]")
_NUMBER = re.compile(r"[+-]?\d[\d., ]*%?\Z")
_SURROGATES = re.compile(r"[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class FileRow:
    """One row by its number, counted from 1 without the heading. `problem` is "" where it is
    whole."""

    number: int
    cells: Cells
    problem: str = ""


@dataclass(frozen=True, slots=True)
class RowFile:
    """`columns` are all that occur, in the order of their first row."""

    columns: tuple[str, ...]
    rows: tuple[FileRow, ...]


def read_rows(path: Path) -> RowFile:
    """Raises ConfigError for a file that is no such table, SourceError where it cannot be read."""
    require_known(path)
    if path.is_file() and path.stat().st_size > MOST_MEGABYTES * 10**6:
        raise ConfigError(
            f"{path}: has {path.stat().st_size / 1e6:,.0f} MB; the limit is {MOST_MEGABYTES}",
            hint="Split the file.",
        )
    text = decode(read_bytes(path), path.name)
    read = _json_rows if path.suffix.lower() in _JSON_LINES else _table_rows
    rows = tuple(read(text, path))
    if not rows:
        raise ConfigError(f"{path}: has no rows", hint="Give it one question a row.")
    columns = dict.fromkeys(name for row in rows for name in row.cells)
    return RowFile(tuple(columns), rows)


def require_known(path: Path) -> None:
    """Raises ConfigError for an ending that is neither a table's nor that of JSON lines."""
    if path.suffix.lower() not in (*_JSON_LINES, *_TABLES):
        raise ConfigError(
            f"{path}: {path.suffix or 'a file without an ending'} is no form of rows",
            hint=f"Known: {_KNOWN}.",
        )


def is_table(path: Path) -> bool:
    """Whether a file of this name has cells, not JSON."""
    return path.suffix.lower() in _TABLES


def write_rows(
    path: Path, columns: Sequence[str], rows: Sequence[Cells], *, formulas: bool = False
) -> None:
    """Replaces the file with these rows, in UTF-8.

    In a table, a cell that a spreadsheet would run as a formula gets an apostrophe in front,
    unless `formulas` lets it through; lists are joined by " | ".
    """
    require_known(path)
    if path.suffix.lower() in _JSON_LINES:
        lines = [json.dumps(dict(row), ensure_ascii=False) for row in rows]
        text = "".join(f"{line}\n" for line in lines)
    else:
        text = _table(path, columns, rows, formulas=formulas)
    try:
        write_atomically(path, _SURROGATES.sub("\ufffd", text).encode("utf-8"))
    except OSError as error:
        raise ConfigError(
            f"{path}: cannot be written: {error.strerror or error}",
            hint="Name another file, or check the permissions and the free space.",
        ) from error


def harmless(cell: str) -> str:
    """The cell as text for a spreadsheet: `=1+1` becomes `'=1+1`; numbers stay as they are."""
    if _FORMULA.match(cell) and not _NUMBER.match(cell):
        return f"'{cell}"
    return cell


def _table(path: Path, columns: Sequence[str], rows: Sequence[Cells], *, formulas: bool) -> str:
    out = io.StringIO(newline="")
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\r\n")
    keep = str if formulas else harmless
    writer.writerow([keep(name) for name in columns])
    for row in rows:
        writer.writerow([keep(_cell(row.get(name))) for name in columns])
    return out.getvalue()


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return " | ".join(_cell(one) for one in value)
    if isinstance(value, Mapping):
        return json.dumps(value, ensure_ascii=False)
    return str(value).replace("\x00", "")


def _json_rows(text: str, path: Path) -> Iterator[FileRow]:
    number = 0
    for line in text.replace("\r\n", "\n").split("\n"):
        if not line.strip():
            continue
        number += 1
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            yield FileRow(number, {}, "not valid JSON")
            continue
        if isinstance(row, dict):
            yield FileRow(number, row)
        else:
            yield FileRow(number, {}, "not a JSON object")


def _table_rows(text: str, path: Path) -> Iterator[FileRow]:
    delimiter = max(",;\t", key=text.split("\n", 1)[0].count)
    csv.field_size_limit(_MOST_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        names = _heading(next(reader, []), path)
        number = 0
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            number += 1
            beyond = [cell for cell in cells[len(names) :] if cell.strip()]
            problem = f"has {len(cells)} cells, the heading has {len(names)}" if beyond else ""
            filled = [*cells, *[""] * len(names)][: len(names)]
            yield FileRow(number, dict(zip(names, filled, strict=True)), problem)
    except csv.Error as error:
        raise ConfigError(
            f"{path}, line {reader.line_num}: {error}",
            hint="A quote is not closed, or a cell is far too long. Save the table again as CSV.",
        ) from error


def _heading(cells: Sequence[str], path: Path) -> list[str]:
    names = [cell.strip() or f"column {at}" for at, cell in enumerate(cells, start=1)]
    doubled = [name for name in names if names.count(name) > 1]
    if doubled:
        raise ConfigError(
            f"{path}: two columns are called {doubled[0]!r}", hint="Rename one of them."
        )
    return names
