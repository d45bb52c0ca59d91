"""Parquet files as tables: row group by row group, with the types that the file itself names.

Knows Arrow's types. Text forms are exact: decimals keep their zeros, dates are ISO 8601.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from pakar.documents.tables.model import MOST_COLUMNS, RawTable, Row
from pakar.errors import SourceError

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

_ROWS_AT_ONCE = 1_000


def read_parquet(path: Path) -> Iterator[RawTable]:
    """The one table of the file. Raises SourceError where it is damaged or encrypted."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise SourceError(
            f"cannot be read as Parquet: {str(error).splitlines()[0]:.160}",
            hint="Write it anew, without encryption, and add that file.",
        ) from error
    with file:
        names = tuple(file.schema_arrow.names)
        if len(names) > MOST_COLUMNS:
            raise SourceError(
                f"has {len(names):,} columns; at most {MOST_COLUMNS:,} are read",
                hint="Keep the columns that matter.",
            )
        yield RawTable("", names, _rows(file))


def _rows(file: pq.ParquetFile) -> Iterator[Row]:
    number = 0
    for batch in file.iter_batches(batch_size=_ROWS_AT_ONCE):
        columns = [_values(column) for column in batch.columns]
        for at in range(batch.num_rows):
            number += 1
            values = [column[at] for column in columns]
            yield Row(f"row {number}", [shown(value) for value in values], values)


def _values(column: pa.Array) -> list[object]:
    import pyarrow as pa

    # Nanoseconds have no type in Python; whatever is below a microsecond stays in the text.
    if pa.types.is_timestamp(column.type) and column.type.unit == "ns":
        column = column.cast(pa.timestamp("us", column.type.tz), safe=False)
    found: list[object] = column.to_pylist()
    return found


def shown(value: object) -> str:
    """A typed value as text, exactly."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int):
        return str(value)
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    if isinstance(value, datetime):
        return value.isoformat(" ")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex() if len(value) <= 32 else f"({len(value):,} bytes)"
    if isinstance(value, timedelta):
        return str(value)
    return json.dumps(value, ensure_ascii=False, default=shown)
