"""A typed table on its way from a reading process to its owner: lines of JSON.

The owner opens no Parquet file that a worker wrote: Arrow and DuckDB parse such files in C++, and
a worker that a hostile document has taken over could write any bytes. What comes back is text
that is checked value by value, and the owner writes the Parquet file itself. The first line is the
head, each further one some rows, column by column.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

from pydantic import BaseModel, ConfigDict, Field

from pakar.documents.tables.model import MOST_COLUMNS
from pakar.documents.tables.parquet_out import META, own_fields, table_info
from pakar.types import source_of

if TYPE_CHECKING:
    import pyarrow as pa

_ROWS_A_LINE = 1_000
# Bounds the memory that checking a line takes.
_LONGEST_LINE = 32_000_000
_DECIMAL = re.compile(r"-?\d{1,38}(?:\.\d{1,38})?")
_DECIMAL_TYPE = re.compile(r"decimal128\((\d{1,2}), (\d{1,2})\)")

Cells = Sequence[object]


class Head(BaseModel):
    """What the table file says of itself, and Arrow's type of each column, by its name."""

    model_config = ConfigDict(extra="forbid", strict=True)
    document: str
    name: str
    rows: Annotated[int, Field(ge=0)]
    columns: list[tuple[str, str, str, Annotated[int, Field(ge=0)]]]  # name, type, unit, place
    parts: dict[str, str]
    types: Annotated[list[str], Field(max_length=MOST_COLUMNS)]


def write_lines(parquet: Path, lines: Path) -> None:
    """The worker's side. Raises ValueError where a row is longer than may be."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(parquet) as table, lines.open("wb") as file:
        own = {field.name for field in own_fields()}
        types = [str(one.type) for one in table.schema_arrow if one.name not in own]
        file.write(_line({**table_info(parquet), "types": types}))
        for batch in table.iter_batches(batch_size=_ROWS_A_LINE):
            columns = [column.to_pylist() for column in batch.columns]
            file.writelines(_lines([[*map(_plain, column)] for column in columns]))


def write_parquet(lines: Path, parquet: Path, source: str) -> None:
    """The owner's side: the table of `source` that a worker told.

    Raises ValueError, TypeError or OverflowError where it is none.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    with lines.open("rb") as file:
        head = _head(file, source)
        names = [one[0] for one in head.columns]
        fields = [pa.field(*one) for one in zip(names, map(_type, head.types), strict=True)]
        meta = json.dumps(head.model_dump(exclude={"types"})).encode()
        schema = pa.schema([*fields, *own_fields()], metadata={META: meta})
        read = [_reader(kind) for kind in (*head.types, "string", "string", "int64", "int64")]
        rows = 0
        with pq.ParquetWriter(parquet, schema, compression="zstd") as table:
            for columns in _columns(file, len(schema)):
                checked = [[*map(one, cells)] for one, cells in zip(read, columns, strict=True)]
                arrays = [pa.array(c, f.type) for c, f in zip(checked, schema, strict=True)]
                table.write_table(pa.table(arrays, schema))
                rows += len(checked[0])
    if rows != head.rows:
        raise ValueError(f"{rows:,} rows came; the head says {head.rows:,}")


def _head(file: BinaryIO, source: str) -> Head:
    head = Head.model_validate_json(file.readline(_LONGEST_LINE))
    if any(source_of(name) != source for name in (head.document, *head.parts)):
        raise ValueError("a table of another source")
    return head


def _columns(file: BinaryIO, width: int) -> Iterator[list[Cells]]:
    while line := file.readline(_LONGEST_LINE):
        found = json.loads(line)
        if not isinstance(found, list) or len(found) != width:
            raise ValueError("not as many columns as the head says")
        if any(not isinstance(cells, list) or len(cells) != len(found[0]) for cells in found):
            raise ValueError("columns of different lengths")
        yield found


def _lines(columns: list[list[object]]) -> Iterator[bytes]:
    """The rows as one line, or as several where that would be too long."""
    count = len(columns[0])
    line = _line(columns)
    if len(line) < _LONGEST_LINE:
        yield line
    elif count > 1:
        yield from _lines([cells[: count // 2] for cells in columns])
        yield from _lines([cells[count // 2 :] for cells in columns])
    else:
        raise ValueError(f"a row has more than {_LONGEST_LINE:,} bytes")


def _line(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, date):
        return value.isoformat()
    return value


def _type(kind: str) -> pa.DataType:
    import pyarrow as pa

    simple = {
        "string": pa.string(),
        "int64": pa.int64(),
        "double": pa.float64(),
        "bool": pa.bool_(),
        "date32[day]": pa.date32(),
        "timestamp[us]": pa.timestamp("us"),
    }
    if decimal := _DECIMAL_TYPE.fullmatch(kind):
        return pa.decimal128(int(decimal[1]), int(decimal[2]))
    with suppress(KeyError):
        return simple[kind]
    raise ValueError(f"no type of a table: {kind!r:.80}")


def _reader(kind: str) -> Callable[[object], object]:
    """From JSON to the value of a cell. Raises ValueError or TypeError for any other."""
    if kind.startswith("decimal128"):
        return _decimal
    return {"date32[day]": _date, "timestamp[us]": _moment, "double": _number}.get(kind, _as_it_is)


def _decimal(cell: object) -> Decimal | None:
    if cell is None:
        return None
    if not isinstance(cell, str) or not _DECIMAL.fullmatch(cell):
        raise ValueError("no decimal number")
    return Decimal(cell)


def _date(cell: object) -> date | None:
    return None if cell is None else date.fromisoformat(_text(cell))


def _moment(cell: object) -> datetime | None:
    return None if cell is None else datetime.fromisoformat(_text(cell))


def _number(cell: object) -> float | None:
    if cell is None or isinstance(cell, float):
        return cell
    raise TypeError("no number")


def _text(cell: object) -> str:
    if not isinstance(cell, str):
        raise TypeError("no text")
    return cell


def _as_it_is(cell: object) -> object:
    """Arrow itself refuses what has not the column's type."""
    return cell
