"""The tables of a page, and what of a table is header and what is row.

Knows the two ways in which tables are ruled; tables without any line are read as text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pakar.documents.pdf_grids import grid_tables, merged_rules, unattached
from pakar.documents.pdf_open_tables import open_tables
from pakar.documents.pdf_page import Rule, Table, Word

_FEWEST_RULES = 2
_NUMBER = re.compile(r"[^\w]*\d[\d\s.,:/%()+-]*[^\w]*")
_SAME_COLUMN = 4.0


def find_tables(words: Sequence[Word], rules: Sequence[Rule]) -> tuple[list[Table], list[Word]]:
    """The tables, and the words that stand in none of them."""
    if len(rules) < _FEWEST_RULES:
        return [], list(words)
    horizontal, vertical = merged_rules(rules)
    tables = grid_tables(words, horizontal, vertical)
    free = _outside(words, tables)
    loose = open_tables(free, unattached(horizontal, vertical))
    return [*tables, *loose], _outside(free, loose)


def header_of(table: Table) -> tuple[str, ...] | None:
    """The names of the columns, where the first row gives them."""
    if table.header_rows:
        return table.rows[0]
    if len(table.rows) < 2 or not _names(table.rows[0]):
        return None
    if len(table.columns) > 2:
        return table.rows[0]
    # Two columns without a marked header are as likely pairs of name and value.
    values = [row[1] for row in table.rows[1:] if row[1]]
    numbers = sum(1 for value in values if _NUMBER.fullmatch(value))
    return table.rows[0] if values and numbers >= 0.6 * len(values) else None


def continues(table: Table, before: Table) -> bool:
    """The table has the columns of the one before, so it may be its rest on a new page."""
    return len(table.columns) == len(before.columns) and all(
        abs(one - other) <= _SAME_COLUMN
        for one, other in zip(table.columns, before.columns, strict=True)
    )


def _names(row: Sequence[str]) -> bool:
    """Column names: hardly any empty, none twice, none a number."""
    named = [cell for cell in row if cell]
    if len(named) < max(2, len(row) - 1) or len(set(named)) < len(named):
        return False
    return not any(_NUMBER.fullmatch(cell) for cell in named)


def _outside(words: Sequence[Word], tables: Sequence[Table]) -> list[Word]:
    return [word for word in words if not any(_inside(word, table) for table in tables)]


def _inside(word: Word, table: Table) -> bool:
    x, y = (word.x0 + word.x1) / 2, word.y - 0.3 * word.size
    return table.x0 <= x <= table.x1 and table.top <= y <= table.bottom
