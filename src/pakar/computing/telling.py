"""A result as text: what was asked as it was understood, and the values, in the reader's language.

The words lie in `phrases/LANGUAGE/answer.txt`. Knows results; computes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from string import Template

from pakar.computing.compute import Computed
from pakar.computing.query import Condition, Query
from pakar.computing.sandbox import Cell
from pakar.computing.tables import Table
from pakar.computing.words import phrases, split

_SEPARATORS = {"en": str.maketrans({}), "id": str.maketrans({",": ".", ".": ","})}
# Numbers that are names: no separators in them.
_NAMES = frozenset(
    "id no nr num number code year tahun nomor kode phone telepon nik npwp pin zip".split()
)


def told(computed: Computed) -> str:
    """One line for one value; a heading and a line each for several."""
    query, language = computed.query, computed.language
    heading = f"{_asked(computed)}{_conditions(query, language)}"
    if query.aggregate is not None and not query.group:
        return f"{heading}: {_value(computed, query.column, computed.rows[0][0])}"
    lines = [_line(computed, row) for row in computed.rows]
    if len(lines) == 1:
        return f"{heading}: {lines[0]}"
    return "\n".join([f"{heading}:", *(f"- {one}" for one in lines)])


def notes(computed: Computed) -> tuple[str, ...]:
    """What the reader should know about it: empty cells, and rows that are not cited."""
    words = _words(computed.language)
    found = []
    if computed.empty:
        found.append(_filled(words["empty"], rows=computed.empty, column=computed.query.column))
    if computed.used > len(computed.places):
        found.append(_filled(words["cited"], rows=computed.used, shown=len(computed.places)))
    return tuple(found)


def formatted(value: Cell, language: str, *, name: str = "") -> str:
    """A value as the language writes it; numbers that are names stay as they are."""
    if value is None:
        return "–"
    if isinstance(value, datetime):
        clock = value.isoformat(sep=" ", timespec="minutes")
        return clock.removesuffix(" 00:00")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return str(value)
    if _NAMES & set(split(name)):
        return str(value)
    return _number(value).translate(_SEPARATORS.get(language, _SEPARATORS["en"]))


def _number(value: int | float | Decimal) -> str:
    """Twelve digits are exact enough, and hide what binary fractions add; of those after the
    point four are shown, rounded, unless there is nothing before it."""
    if isinstance(value, int):
        return f"{value:,}"
    exact = Decimal(f"{value:.12g}")
    digits = f"{round(exact, 4) if abs(exact) >= 1 else exact:,f}"
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


def _asked(computed: Computed) -> str:
    query, words = computed.query, _words(computed.language)
    if query.aggregate is None:
        return _rows_asked(computed.table, query, words)
    kind = str(query.aggregate)
    column = computed.table.column(query.column)
    if column is not None and column.kind == "date":
        kind = {"min": "first", "max": "last"}.get(kind, kind)
    text = _filled(words[kind], column=query.column)
    if kind == "count":
        text = f"{text} ({computed.table.called})"
    return f"{text} {_filled(words['by'], group=query.group)}" if query.group else text


def _rows_asked(table: Table, query: Query, words: Mapping[str, str]) -> str:
    if not query.order:
        return query.show[-1]
    column = table.column(query.column)
    dated = column is not None and column.kind == "date"
    kind = {"ascending": "earlier", "descending": "later"}[query.order] if dated else query.order
    return _filled(words[kind], subject=query.show[0], column=query.column)


def _line(computed: Computed, row: tuple[Cell, ...]) -> str:
    query = computed.query
    names = query.show or (query.group, query.column)
    values = [_value(computed, name, one) for name, one in zip(names, row, strict=True)]
    if len(values) == 1:
        return values[0]
    if query.group or len(values) == 2:
        return f"{values[0]}: {values[1]}"
    rest = [f"{name} {value}" for name, value in zip(names[1:], values[1:], strict=True)]
    return f"{values[0]}: {', '.join(rest)}"


def _value(computed: Computed, name: str, value: Cell) -> str:
    counted = computed.query.aggregate in ("count", "distinct", "sum", "avg")
    named = "" if counted and name == computed.query.column else name
    return formatted(value, computed.language, name=named)


def _conditions(query: Query, language: str) -> str:
    if not query.conditions:
        return ""
    return f" ({'; '.join(_condition(one, language) for one in query.conditions)})"


def _condition(one: Condition, language: str) -> str:
    values = ", ".join(formatted(value, language, name=one.column) for value in one.values)
    operator = "=" if one.operator == "in" else one.operator
    return f"{one.column} {operator} {values}"


@lru_cache(maxsize=4)
def _words(language: str) -> Mapping[str, str]:
    return phrases(language, "answer")


def _filled(text: str, **values: object) -> str:
    return Template(text).substitute(values)
