"""CSV and TSV files: encoding, separator and quotes are found out, rows are streamed.

Knows separated values. Where the header is, and what the columns are, is told elsewhere.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from pakar.documents.decoding import encoding_of
from pakar.documents.tables.grid import GridRow, table_of
from pakar.documents.tables.model import RawTable
from pakar.errors import SourceError

_SEPARATORS = ",;\t|"
_SAMPLE = 64_000
_SAMPLE_ROWS = 200
_LONGEST_CELL = 131_072


def read_csv(path: Path) -> Iterator[RawTable]:
    """The one table of the file, if it has any cell. Raises SourceError where it is no table."""
    encoding = encoding_of(path)
    separator = _separator(_sample(path, encoding))
    rows = _rows(path, encoding, separator)
    table = table_of(rows, decimal_comma=separator == ";")
    if table is not None:
        yield table


def _rows(path: Path, encoding: str, separator: str) -> Iterator[GridRow]:
    number = 0
    # The library's limit holds for the whole process, and others set it too.
    csv.field_size_limit(_LONGEST_CELL)
    try:
        # Undecodable bytes further down than the sample become replacement characters.
        with path.open(encoding=encoding, errors="replace", newline="") as file:
            for number, cells in enumerate(_reader(_without_hint(file), separator), start=1):
                yield GridRow(number, cells)
    except csv.Error as error:
        raise SourceError(
            f"row {number + 1} cannot be read: {error}",
            hint="Check its quotes: a quote that is opened and not closed takes in what follows.",
        ) from error


def _without_hint(lines: Iterator[str]) -> Iterator[str]:
    """Spreadsheet programs let a first line "sep=;" name the separator; it is no row."""
    for number, line in enumerate(lines):
        if number == 0 and line.lower().startswith("sep=") and len(line.strip()) == 5:
            yield "\n"
        else:
            yield line.replace("\x00", "")


def _reader(lines: Iterator[str], separator: str) -> Iterator[list[str]]:
    return iter(csv.reader(lines, delimiter=separator, skipinitialspace=True))


def _sample(path: Path, encoding: str) -> str:
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        text = file.read(_SAMPLE)
    end = max(text.rfind("\n"), text.rfind("\r"))
    return text if len(text) < _SAMPLE or end < 0 else text[: end + 1]


def _separator(sample: str) -> str:
    """The separator that cuts most rows of the sample into the same number of cells (above one).

    Ties go to the one that makes more cells. A comma where nothing separates: one column.
    """
    first = sample[:6].lower()
    if first.startswith("sep=") and len(first) > 4 and first[4] in _SEPARATORS:
        return first[4]
    best, best_rank = ",", (0.0, 0)
    for separator in _SEPARATORS:
        widths = _widths(sample, separator)
        if not widths:
            continue
        usual, times = Counter(widths).most_common(1)[0]
        rank = (times / len(widths), usual)
        if usual > 1 and rank > best_rank:
            best, best_rank = separator, rank
    return best


def _widths(sample: str, separator: str) -> list[int]:
    widths = []
    try:
        for row in _reader(iter(sample.replace("\x00", "").splitlines(keepends=True)), separator):
            if row:
                widths.append(len(row))
            if len(widths) >= _SAMPLE_ROWS:
                break
    except csv.Error:
        return []
    return widths
