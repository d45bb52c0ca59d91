"""The card of a table: what a reader should know before any row, in lines that can be found.

Knows decided columns and counts. Writes English or Indonesian.
"""

from __future__ import annotations

from collections.abc import Sequence

from pakar.documents.tables.columns import Decided

_WORDS = {
    "en": {
        "table": "Table{name}: {rows} rows, {columns} columns",
        "column": "Column {name}: {type}, {filled} of {rows} filled, {different} different",
        "range": "from {least} to {most}",
        "examples": "for example {examples}",
        "text": "text", "integer": "whole number", "decimal": "number", "date": "date",
        "timestamp": "date and time", "boolean": "true or false",
    },
    "id": {
        "table": "Tabel{name}: {rows} baris, {columns} kolom",
        "column": "Kolom {name}: {type}, {filled} dari {rows} terisi, {different} berbeda",
        "range": "dari {least} sampai {most}",
        "examples": "misalnya {examples}",
        "text": "teks", "integer": "bilangan bulat", "decimal": "bilangan", "date": "tanggal",
        "timestamp": "tanggal dan waktu", "boolean": "benar atau salah",
    },
}  # fmt: skip


def card_lines(name: str, rows: int, columns: Sequence[Decided], *, language: str) -> list[str]:
    """One line on the table, then one for each column."""
    words = _WORDS.get(language, _WORDS["en"])
    called = f" {name}" if name else ""
    columns = [one for one in columns if one.is_used]
    names = ", ".join(one.column.name for one in columns)
    head = words["table"].format(name=called, rows=f"{rows:,}", columns=len(columns))
    return [f"{head}: {names}.", *(_column_line(one, rows, words) for one in columns)]


def _column_line(one: Decided, rows: int, words: dict[str, str]) -> str:
    kind = words[one.column.type]
    if one.column.unit:
        kind = f"{kind} ({one.column.unit})"
    profile = one.profile
    parts = [
        words["column"].format(
            name=one.column.name,
            type=kind,
            filled=f"{profile.filled:,}",
            rows=f"{rows:,}",
            different=profile.how_many_different,
        )
    ]
    if one.range is not None:
        least, most = one.range
        parts.append(words["range"].format(least=least, most=most))
    if profile.examples:
        shown = "; ".join(profile.examples)
        parts.append(words["examples"].format(examples=shown))
    return ", ".join(parts) + "."
