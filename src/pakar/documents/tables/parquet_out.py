"""A table of an index as a typed Parquet file, written while its rows stream by.

Types are known only once every row was seen: rows are first kept as they stand in a file of texts,
and turned into typed columns group by group. Memory holds one group. Knows no passages.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from pakar.documents.tables.columns import Decided
from pakar.documents.tables.model import Row

if TYPE_CHECKING:
    import pyarrow as pa

# What every table file has beside its own columns.
PLACE, DOCUMENT, START, END = "_place", "_document", "_start", "_end"
META = b"pakar.table"


@dataclass(frozen=True, slots=True)
class Lines:
    """Rows with the document that holds their lines and the offsets of each in its text."""

    document: str
    rows: Sequence[Row]
    spans: Sequence[tuple[int, int]]


class TableWriter:
    """Collects a table's rows in `path` and ends as a typed file of that name."""

    def __init__(self, path: Path, width: int) -> None:
        self._path = path
        self._raw = path.with_suffix(".raw")
        self._width = width
        self._open: pa.parquet.ParquetWriter | None = None

    def add(self, lines: Lines) -> None:
        """One group of rows."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        if self._open is None:
            self._open = pq.ParquetWriter(self._raw, self._raw_schema(), compression="zstd")
        columns = [
            [row.texts[at] if at < len(row.texts) else "" for row in lines.rows]
            for at in range(self._width)
        ]
        natives = [
            [_packed(row.values[at]) if at < len(row.values) else None for row in lines.rows]
            for at in range(self._width)
        ]
        places = [row.place for row in lines.rows]
        starts, ends = [one[0] for one in lines.spans], [one[1] for one in lines.spans]
        documents = [lines.document] * len(places)
        self._open.write_table(
            pa.table([*columns, *natives, places, documents, starts, ends], self._raw_schema())
        )

    def finish(
        self, columns: Sequence[Decided], *, document: str, name: str, parts: dict[str, str]
    ) -> Path:
        """Writes the typed file; `parts` are the hashes of the documents that hold its lines."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        if self._open is None:
            self.add(Lines(document, [], []))
        if self._open is not None:
            self._open.close()
        raw = pq.ParquetFile(self._raw)
        used = [(at, one) for at, one in enumerate(columns) if one.is_used]
        meta = {
            "document": document,
            "name": name,
            "rows": raw.metadata.num_rows,
            "columns": [
                [one.column.name, one.column.type, one.column.unit, at] for at, one in used
            ],
            "parts": parts,
        }
        schema = pa.schema(
            [*(pa.field(one.column.name, _arrow_type(one)) for _, one in used), *own_fields()],
            metadata={META: json.dumps(meta).encode()},
        )
        with pq.ParquetWriter(self._path, schema, compression="zstd") as typed:
            for group in range(raw.num_row_groups):
                typed.write_table(self._typed(raw.read_row_group(group), used, schema))
        raw.close()
        self._raw.unlink()
        return self._path

    def close(self) -> None:
        """Leaves nothing behind of a table that could not be read to its end."""
        if self._open is not None:
            self._open.close()
        self._raw.unlink(missing_ok=True)

    def _raw_schema(self) -> pa.Schema:
        import pyarrow as pa

        texts = [pa.field(f"t{at}", pa.string()) for at in range(self._width)]
        natives = [pa.field(f"n{at}", pa.string()) for at in range(self._width)]
        return pa.schema([*texts, *natives, *own_fields()])

    def _typed(
        self, raw: pa.Table, used: Sequence[tuple[int, Decided]], schema: pa.Schema
    ) -> pa.Table:
        import pyarrow as pa

        made = []
        for field, (at, one) in zip(schema, used, strict=False):
            texts = raw.column(f"t{at}").to_pylist()
            natives = raw.column(f"n{at}").to_pylist()
            values = [
                one.value(text, None if native is None else _unpacked(native))
                for text, native in zip(texts, natives, strict=True)
            ]
            made.append(pa.array(values, field.type))
        own = [raw.column(field.name) for field in own_fields()]
        return pa.table([*made, *own], schema)


def table_info(path: Path) -> dict[str, object]:
    """What a table file says of itself: document, name, rows, columns, parts."""
    import pyarrow.parquet as pq

    found = json.loads(pq.read_schema(path).metadata[META])
    if not isinstance(found, dict):
        raise TypeError(f"{path}: no description of a table")
    return found


def own_fields() -> list[pa.Field]:
    """The columns that every table file ends with."""
    import pyarrow as pa

    return [
        pa.field(PLACE, pa.string()),
        pa.field(DOCUMENT, pa.dictionary(pa.int32(), pa.string())),
        pa.field(START, pa.int64()),
        pa.field(END, pa.int64()),
    ]


def _arrow_type(one: Decided) -> pa.DataType:
    import pyarrow as pa

    kind = one.column.type
    if kind == "decimal":
        if not one.is_exact:
            return pa.float64()
        scale = max(one.digits.decimals, 0)
        return pa.decimal128(min(38, max(1, one.digits.whole + scale)), scale)
    if kind == "integer":
        return pa.int64() if one.digits.whole <= 18 else pa.decimal128(38, 0)
    return {
        "date": pa.date32(),
        "timestamp": pa.timestamp("us"),
        "boolean": pa.bool_(),
    }.get(kind, pa.string())


def _packed(value: object) -> str | None:
    """A typed value as text that gives it back."""
    if value is None or isinstance(value, str):
        return None
    for types, sign in ((bool, "b"), (int, "i"), (Decimal, "d"), (float, "f")):
        if isinstance(value, types):
            return f"{sign}{value!r}" if sign == "f" else f"{sign}{value}"
    if isinstance(value, dt.datetime):
        return f"t{value.isoformat()}"
    return f"y{value.isoformat()}" if isinstance(value, dt.date) else None


def _unpacked(packed: str) -> object:
    sign, text = packed[0], packed[1:]
    if sign == "b":
        return text == "True"
    if sign == "t":
        return dt.datetime.fromisoformat(text)
    if sign == "y":
        return dt.date.fromisoformat(text)
    return {"i": int, "d": Decimal, "f": float}[sign](text)
