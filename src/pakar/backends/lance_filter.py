"""Turns a Filter into the SQL that Lance takes as a condition.

Every value comes from a user or from a document and is hostile: it only ever becomes a quoted
literal. A part of a heading is looked for with `contains`, in which no character is a wildcard.
"""

from __future__ import annotations

from collections.abc import Sequence

from pakar.ports import Filter


def condition(where: Filter) -> str:
    """The condition of a filter; empty where it lets everything through."""
    parts = []
    if where.documents:
        parts.append(among("document", where.documents))
    if where.denied:
        parts.append(f"NOT ({among('document', where.denied)})")
    if where.kinds:
        parts.append(among("kind", where.kinds))
    if where.heading:
        parts.append(f"contains(heading_path, {literal(where.heading.casefold())})")
    return " AND ".join(parts)


def among(column: str, values: Sequence[str]) -> str:
    """True for rows whose column holds one of the values; false for all if there are none."""
    if not values:
        return "false"
    return f"{column} IN ({', '.join(literal(value) for value in values)})"


def literal(value: str) -> str:
    """A SQL string literal: in standard SQL only the quote itself has a meaning inside."""
    return "'" + value.replace("'", "''") + "'"
