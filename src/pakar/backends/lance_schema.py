"""How a passage lies in a Lance table: columns, their types, and the way there and back.

Knows the columns and how terms are written so that Lance's whitespace tokenizer gives them back
unchanged. Knows nothing of files, versions or searches.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from pakar.ports import IndexedPassage, Scored
from pakar.types import Passage

if TYPE_CHECKING:
    import pyarrow as pa

TABLE = "passages"
PASSAGE_COLUMNS = [
    "document",
    "kind",
    "start",
    "end",
    "text",
    "title",
    "headings",
    "page",
    "language",
    "place",
]

_UNESCAPED = re.compile(r"\\([0-9a-f]+);")
# Python's white space is wider than that of the tokenizer: to escape all of it is always safe.
_ESCAPED = re.compile(r"[\s\\\x00-\x20\x7f-\xa0]")


def schema(dimensions: int) -> pa.Schema:
    """The columns of the table; `id` is never null, as a merge joins on it."""
    import pyarrow as pa

    return pa.schema(
        [
            pa.field("id", pa.string(), nullable=False),
            pa.field("document", pa.string(), nullable=False),
            pa.field("kind", pa.string(), nullable=False),
            pa.field("start", pa.int64(), nullable=False),
            pa.field("end", pa.int64(), nullable=False),
            pa.field("text", pa.string(), nullable=False),
            pa.field("title", pa.string(), nullable=False),
            pa.field("headings", pa.list_(pa.string()), nullable=False),
            pa.field("heading_path", pa.string(), nullable=False),
            pa.field("page", pa.int64()),
            pa.field("language", pa.string(), nullable=False),
            pa.field("place", pa.string(), nullable=False),
            pa.field("content_hash", pa.string(), nullable=False),
            pa.field("terms", pa.string(), nullable=False),
            pa.field("vector", pa.list_(pa.float32(), dimensions)),
        ]
    )


def to_arrow(rows: Sequence[IndexedPassage], dimensions: int) -> pa.Table:
    """One table row a passage. Equal ids are the same passage and are written once.

    Raises ValueError where a vector has not `dimensions` finite numbers.
    """
    import pyarrow as pa

    unique = {row.passage.id: row for row in rows}
    kept = list(unique.values())
    passages = [row.passage for row in kept]
    columns = {
        "id": list(unique),
        "document": [passage.document for passage in passages],
        "kind": [passage.kind for passage in passages],
        "start": [passage.start for passage in passages],
        "end": [passage.end for passage in passages],
        "text": [passage.text for passage in passages],
        "title": [passage.title for passage in passages],
        "headings": [list(passage.headings) for passage in passages],
        "heading_path": [heading_path(passage) for passage in passages],
        "page": [passage.page for passage in passages],
        "language": [passage.language for passage in passages],
        "place": [passage.place for passage in passages],
        "content_hash": [row.content_hash for row in kept],
        "terms": [join_terms(row.terms) for row in kept],
        "vector": _vector_column(kept, dimensions),
    }
    return pa.table(columns, schema=schema(dimensions))


def scored(found: pa.Table, scores: Sequence[float]) -> list[Scored]:
    """Rows with PASSAGE_COLUMNS back to passages, one score each, in the order of the rows."""
    return [
        Scored(_passage(row), score) for row, score in zip(found.to_pylist(), scores, strict=True)
    ]


def to_rows(found: pa.Table | pa.RecordBatch) -> list[IndexedPassage]:
    """Whole table rows back to what they were made of."""
    matrix = np.array(found.column("vector").to_pylist(), dtype=np.float32)
    columns = [*PASSAGE_COLUMNS, "content_hash", "terms"]
    return [
        IndexedPassage(_passage(row), vector, split_terms(row["terms"]), row["content_hash"])
        for row, vector in zip(found.select(columns).to_pylist(), matrix, strict=True)
    ]


def heading_path(passage: Passage) -> str:
    """What a heading filter is compared with: the whole path, case folded."""
    return passage.heading.casefold()


def join_terms(terms: Sequence[str]) -> str:
    """The terms as one text that splits back into exactly these terms at its spaces."""
    return " ".join(_ESCAPED.sub(_escape, term) for term in terms if term)


def split_terms(text: str) -> list[str]:
    """The terms that `join_terms` made one text of."""
    parts = text.split(" ") if text else []
    return [_UNESCAPED.sub(lambda match: chr(int(match.group(1), 16)), part) for part in parts]


def _escape(match: re.Match[str]) -> str:
    return f"\\{ord(match.group()):x};"


def _vector_column(rows: Sequence[IndexedPassage], dimensions: int) -> pa.Array:
    import pyarrow as pa

    matrix = np.zeros((len(rows), dimensions), dtype=np.float32)
    for number, row in enumerate(rows):
        vector = np.asarray(row.vector, dtype=np.float32)
        if vector.shape != (dimensions,) or not np.isfinite(vector).all():
            raise ValueError(
                f"the vector of a passage of {row.passage.document!r} has shape {vector.shape} "
                f"or numbers that are not finite; expected {dimensions} finite numbers"
            )
        matrix[number] = vector
    return pa.FixedSizeListArray.from_arrays(pa.array(matrix.reshape(-1)), dimensions)


def _passage(row: dict[str, object]) -> Passage:
    fields = {name: row[name] for name in PASSAGE_COLUMNS}
    fields["headings"] = tuple(row["headings"])  # type: ignore[arg-type]
    return Passage(**fields)  # type: ignore[arg-type]
