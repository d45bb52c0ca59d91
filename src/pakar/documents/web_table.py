"""Tells the tables of a web page that hold data from those that only place text.

Knows table mark-up and spans. What is visible in a cell is told by the caller.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from pakar.documents.table_grid import Cell, expand, split_header

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

Table = tuple[list[str], list[list[str]]]

_PLACING = "table, h1, h2, h3, h4, h5, h6, form, pre"
_CELL_LENGTH = 1_500
_SECTIONS = ("thead", "tbody", "tfoot")


def data_table(node: LexborNode, text_of: Callable[[LexborNode], str]) -> Table | None:
    """Header and rows of a table of data; none where the table only places text on the page.

    A table places text where it says so (role), holds headings or other tables, has one column,
    or has cells that are longer than any value.
    """
    if (node.attributes.get("role") or "").lower() in ("presentation", "none"):
        return None
    if any(found.mem_id != node.mem_id for found in node.css(_PLACING)):
        return None
    rows = _rows(node)
    cells = [[_cell(cell, text_of) for cell in _cells(row)] for row in rows]
    if any(len(cell.text) > _CELL_LENGTH for line in cells for cell in line):
        return None
    grid = expand(cells)
    if all(len(line) <= 1 for line in grid):
        return None
    return split_header([[cell.text for cell in line] for line in grid], marked=_header_rows(rows))


def _rows(table: LexborNode) -> list[LexborNode]:
    found: list[LexborNode] = []
    for child in table.iter():
        if child.tag == "tr":
            found.append(child)
        elif child.tag in _SECTIONS:
            found += [row for row in child.iter() if row.tag == "tr"]
    return found


def _cells(row: LexborNode) -> list[LexborNode]:
    return [cell for cell in row.iter() if cell.tag in ("td", "th")]


def _cell(node: LexborNode, text_of: Callable[[LexborNode], str]) -> Cell:
    return Cell(
        " ".join(text_of(node).split()),
        columns=_span(node.attributes.get("colspan")),
        rows=_span(node.attributes.get("rowspan")),
        header=node.tag == "th",
    )


def _header_rows(rows: list[LexborNode]) -> int:
    """The rows at the top that are in `thead` or hold nothing but `th`."""
    count = 0
    for row in rows:
        parent = row.parent
        cells = _cells(row)
        only_names = bool(cells) and all(cell.tag == "th" for cell in cells)
        if not only_names and (parent is None or parent.tag != "thead"):
            break
        count += 1
    return count


def _span(value: str | None) -> int:
    text = (value or "").strip()
    return int(text) if text.isascii() and text.isdigit() and 0 < len(text) < 6 else 1
