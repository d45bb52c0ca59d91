"""JSON Lines: one object a line; nested objects become columns such as `address.city`.

Reads the file twice, for the columns and for the rows, as any line may bring a new key. Numbers
stay as they are written. Knows no types of columns.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from pakar.documents.decoding import encoding_of
from pakar.documents.tables.model import MOST_COLUMNS, RawTable, Row
from pakar.errors import SourceError

_DEEPEST = 4
_LONGEST_LINE = 50_000_000


class _Number(Decimal):
    """A number that remembers how it was written."""

    written: str

    def __new__(cls, text: str) -> _Number:
        number = super().__new__(cls, text)
        number.written = text
        return number


def read_json_lines(path: Path) -> Iterator[RawTable]:
    """The one table of the file. Raises SourceError where a line is no JSON object."""
    encoding = encoding_of(path)
    columns: dict[str, None] = {}
    for _, record in _records(path, encoding):
        columns.update(dict.fromkeys(record))
        if len(columns) > MOST_COLUMNS:
            raise SourceError(
                f"its objects have more than {MOST_COLUMNS:,} different keys",
                hint="Keep the keys that matter.",
            )
    if columns:
        names = tuple(columns)
        yield RawTable("", names, _rows(path, encoding, names))


def _rows(path: Path, encoding: str, names: tuple[str, ...]) -> Iterator[Row]:
    for number, record in _records(path, encoding):
        values = [record.get(name) for name in names]
        texts = [_text(value) for value in values]
        yield Row(f"line {number}", texts, [_value(value) for value in values])


def _records(path: Path, encoding: str) -> Iterator[tuple[int, dict[str, object]]]:
    with path.open(encoding=encoding, errors="replace") as file:
        number = 0
        while line := file.readline(_LONGEST_LINE):
            number += 1
            if not line.strip():
                continue
            try:
                found = json.loads(line, parse_float=_Number, parse_int=_Number)
            except (ValueError, RecursionError) as error:
                raise SourceError(
                    f"line {number} is no JSON: {str(error).splitlines()[0]:.120}",
                    hint="Each line must be one JSON object. Correct or remove that line.",
                ) from error
            yield number, _flat(found if isinstance(found, dict) else {"value": found})


def _flat(record: dict[str, object], prefix: str = "", depth: int = 0) -> dict[str, object]:
    flat: dict[str, object] = {}
    for key, value in record.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict) and value and depth < _DEEPEST:
            flat |= _flat(value, f"{name}.", depth + 1)
        else:
            flat[name] = value
    return flat


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, _Number):
        return value.written
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list) and all(isinstance(one, str | _Number | bool) for one in value):
        return ", ".join(_text(one) for one in value)
    return json.dumps(value, ensure_ascii=False, default=_text)


def _value(value: object) -> object:
    """The value where it has a type; whole numbers as such."""
    if isinstance(value, _Number):
        is_whole = value.written.lstrip("-").isdigit()
        return int(value.written) if is_whole and len(value.written) < 19 else Decimal(value)
    return value if isinstance(value, bool) else None
