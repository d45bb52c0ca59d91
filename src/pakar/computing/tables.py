"""A table as it lies in the index: typed columns, and for every row its place in the document.

Knows the Parquet file's reserved columns and nothing of how a document became a table.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Kind = Literal["number", "whole", "date", "text", "flag", "other"]

PLACE, DOCUMENT, START, END = "_place", "_document", "_start", "_end"


@dataclass(frozen=True, slots=True)
class Column:
    """A column's name as the source has it (made unique), and what it holds.

    "whole" are integers, "number" other numbers; "date" are dates and times. `unit` is what its
    numbers have beside them ("%", "$", "Rp"), "" without one. `at` counts the source's columns from
    0; -1 where that is not known, as in table files of earlier versions.
    """

    name: str
    kind: Kind
    unit: str = ""
    at: int = field(default=-1, compare=False)

    @property
    def is_number(self) -> bool:
        return self.kind in ("number", "whole")


@dataclass(frozen=True, slots=True)
class Table:
    """One table of a document.

    `name` tells it from others of the same document (a sheet, a database's table); `path` is its
    Parquet file, which also has the columns `_place` (such as "Sheet1!A5:F5"), `_document`,
    `_start` and `_end`: the document and the offsets of the row's line in its text.
    """

    document: str
    name: str
    path: Path
    columns: tuple[Column, ...]
    rows: int

    @property
    def called(self) -> str:
        """Its name for a reader: its own, or that of a document that is nothing but the table."""
        return self.name or self.document.rsplit("/", 1)[-1].rsplit(".", 1)[0]

    def column(self, name: str) -> Column | None:
        return next((one for one in self.columns if one.name == name), None)
