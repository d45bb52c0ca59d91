"""What a column holds: its type, told by all of its cells, and what describes it.

Cells are looked at batch by batch and forgotten. A column whose cells do not all read as one type
stays text, and so does one whose cells could be read in two ways. Knows no files and no documents.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from pakar.documents.tables import dates, numbers
from pakar.types import Column, ColumnType

NOTHING = frozenset(["", "-", "–", "—", "n/a", "na", "null", "none", "nan", "#n/a", "."])
_MOST_DIFFERENT = 1_000
_EXAMPLES = 3
_LONGEST_EXAMPLE = 60
_TYPED = "typed"
_RUPIAH = re.compile(r"\b(?:Rp|IDR|rupiah)\b", re.IGNORECASE)

Value = int | float | Decimal | bool | date | str | None
Convert = Callable[[str, object], Value]


@dataclass(frozen=True, slots=True)
class Digits:
    """How many digits the numbers of a column have before and after the decimal sign, at most."""

    whole: int = 0
    decimals: int = 0

    def and_also(self, whole: int, decimals: int) -> Digits:
        return Digits(max(self.whole, whole), max(self.decimals, decimals))


@dataclass(slots=True)
class _Range:
    """The least and the greatest value seen, each with its text."""

    least: tuple[object, str] | None = None
    most: tuple[object, str] | None = None

    def take(self, value: object, text: str) -> None:
        if self.least is None or value < self.least[0]:  # type: ignore[operator]
            self.least = (value, text)
        if self.most is None or value > self.most[0]:  # type: ignore[operator]
            self.most = (value, text)


@dataclass(slots=True)
class ColumnProfile:
    """Grows with every batch of a column's cells."""

    name: str
    named: bool = True
    filled: int = 0
    different: set[str] = field(default_factory=set)
    examples: list[str] = field(default_factory=list)
    _styles: tuple[str, ...] = numbers.STYLES
    _spans: dict[str, _Range] = field(default_factory=dict)
    _forms: dict[str, _Range] = field(
        default_factory=lambda: {form: _Range() for form in dates.FORMS}
    )
    _units: set[str] = field(default_factory=set)
    _separated: bool = False
    _booleans: bool = True
    _texts: int = 0
    _kinds: set[str] = field(default_factory=set)
    _typed: _Range = field(default_factory=_Range)
    _digits: dict[str, Digits] = field(default_factory=dict)

    def take(self, texts: Sequence[str], values: Sequence[object]) -> None:
        """One batch: the cells as texts, and their values where the source has types."""
        plain: dict[str, int] = {}
        for position, text in enumerate(texts):
            if not text:
                continue
            self.filled += 1
            if values and not isinstance(values[position], str | None):
                self._take_typed(values[position], text)
            else:
                plain[text] = plain.get(text, 0) + 1
        if len(self.different) <= _MOST_DIFFERENT:
            self._describe(texts)
        written = [text for text in plain if text.casefold() not in NOTHING]
        self._texts += len(written)
        if written:
            self._take_numbers(written)
            self._take_dates(written)
            self._booleans = self._booleans and all(
                text.casefold() in ("true", "false") for text in written
            )

    def _describe(self, texts: Sequence[str]) -> None:
        for text in texts:
            if text and text not in self.different:
                self.different.add(text)
                if len(self.examples) < _EXAMPLES:
                    self.examples.append(_short(text))
                if len(self.different) > _MOST_DIFFERENT:
                    return

    @property
    def how_many_different(self) -> str:
        count = len(self.different)
        return f"{count:,}" if count <= _MOST_DIFFERENT else f"more than {_MOST_DIFFERENT:,}"

    def _take_typed(self, value: object, text: str) -> None:
        kind = _kind(value)
        self._kinds.add(kind)
        if kind in ("integer", "decimal", "double", "date", "timestamp") and (
            len(self._kinds) == 1 or self._kinds <= {"integer", "decimal", "double"}
        ):
            self._typed.take(value, text)
        if kind in ("integer", "decimal") and isinstance(value, int | Decimal):
            self._measure(_TYPED, Decimal(value))

    def _measure(self, where: str, value: Decimal) -> None:
        _, digits, exponent = value.as_tuple()
        if isinstance(exponent, int):
            seen = self._digits.get(where, Digits())
            self._digits[where] = seen.and_also(len(digits) + exponent, -exponent)

    def _take_numbers(self, cells: Sequence[str]) -> None:
        alive = self._styles
        found: list[numbers.Written] = []
        for cell in cells:
            number = numbers.written(cell) if alive else None
            alive = numbers.styles_of(number.digits, alive) if number else ()
            if number is None or not alive:
                self._styles = ()
                return
            found.append(number)
        self._styles = alive
        self._units.update(number.unit for number in found)
        self._separated = self._separated or not all(n.digits.isdigit() for n in found)
        for family in dict.fromkeys(map(numbers.family, alive)):
            self._take_values(family, found, cells)

    def _take_values(
        self, family: str, found: Sequence[numbers.Written], cells: Sequence[str]
    ) -> None:
        values = [numbers.value(number, family) for number in found]
        seen = self._spans.setdefault(family, _Range())
        for extreme in (min(values), max(values)):
            seen.take(extreme, cells[values.index(extreme)])
        digits = self._digits.get(family, Digits())
        for number in found:
            whole, _, decimals = numbers.plain_digits(number.digits, family).partition(".")
            if len(whole) > digits.whole or len(decimals) > digits.decimals:
                digits = digits.and_also(len(whole), len(decimals))
        self._digits[family] = digits

    def _take_dates(self, cells: Iterable[str]) -> None:
        for cell in cells:
            if not self._forms:
                return
            alive = dates.forms_of(cell, tuple(self._forms))
            if len(alive) < len(self._forms):
                self._forms = {form: self._forms[form] for form in alive}
            for form, seen in self._forms.items():
                seen.take(alive[form], cell)

    @property
    def has_doubles(self) -> bool:
        return "double" in self._kinds

    @property
    def typed_digits(self) -> Digits:
        return self._digits.get(_TYPED, Digits())

    @property
    def typed_range(self) -> _Range:
        return self._typed

    @property
    def certain_family(self) -> str:
        """What the decimal sign is, where only one reading is possible; "" otherwise."""
        families = {numbers.family(style) for style in self._styles}
        return families.pop() if self._separated and len(families) == 1 and self._texts else ""

    def decided(self, *, family: str = "", decimal_comma: bool = False) -> Decided:
        """The type. `family` is what other columns of the table say of the decimal sign."""
        typed = _one_kind(self._kinds)
        if self._kinds and typed is None:
            return _as_text(self)
        from_text = self._from_text(family, decimal_comma) if self._texts else None
        if self._texts and from_text is None:
            return _as_text(self)
        if from_text is None:
            return _as_typed(self, typed) if typed else _as_text(self)
        if typed is not None and typed != from_text.column.type:
            both = {typed, from_text.column.type}
            if both != {"integer", "decimal"}:
                return _as_text(self)
        return from_text

    def _from_text(self, family: str, decimal_comma: bool) -> Decided | None:
        if self._booleans:
            return Decided(Column(self.name, "boolean"), self, None)
        if self._styles:
            return self._number(family, decimal_comma)
        if len(self._forms) == 1:
            form = next(iter(self._forms))
            kind: ColumnType = "timestamp" if form == "timed" else "date"
            return Decided(Column(self.name, kind), self, self._forms[form], form=form)
        return None

    def _number(self, family: str, decimal_comma: bool) -> Decided | None:
        units = self._units - {""}
        if len(units) > 1 or ("%" in units and "" in self._units):
            return None
        family = self._family(family, decimal_comma)
        if not family:
            return None
        digits = self._digits[family]
        typed = self._digits.get(_TYPED, Digits())
        digits = digits.and_also(typed.whole, typed.decimals)
        whole = digits.decimals == 0 and "double" not in self._kinds
        unit = units.pop() if units else ""
        column = Column(self.name, "integer" if whole else "decimal", unit)
        return Decided(column, self, self._spans[family], digits, family=family)

    @property
    def _is_rupiah(self) -> bool:
        """Amounts in rupiah group their thousands with points and have no decimals."""
        return bool(self._units & {"Rp", "IDR"} or _RUPIAH.search(self.name))

    def _family(self, family: str, decimal_comma: bool) -> str:
        """What the decimal sign is in all cells; "" where two readings give other numbers."""
        families = [numbers.family(style) for style in self._styles]
        if len({self._digits[one] for one in families}) == 1:
            return families[0]
        if not family and "english" in self._styles and "plain" not in self._styles:
            # "1,234" in every cell: three decimals in each are far less likely than thousands.
            family = "" if decimal_comma else numbers.POINT
        elif not family and (decimal_comma or self._is_rupiah):
            family = numbers.COMMA
        return family if family in families else ""


@dataclass(frozen=True, slots=True)
class Decided:
    """A column's type, and how its cells become values of it."""

    column: Column
    profile: ColumnProfile
    span: _Range | None
    digits: Digits = Digits()
    family: str = ""
    form: str = ""

    @property
    def is_used(self) -> bool:
        """It has a name or anything in it."""
        return bool(self.profile.filled or self.profile.named)

    @property
    def is_exact(self) -> bool:
        """Decimals are exact unless the source itself holds binary floating point."""
        return not self.profile.has_doubles and self.digits.whole + self.digits.decimals <= 38

    @property
    def range(self) -> tuple[str, str] | None:
        """The texts of the least and the greatest value."""
        spans = [span for span in (self.span, self.profile.typed_range) if span and span.least]
        if not spans or self.column.type in ("text", "boolean"):
            return None
        least = min((span.least for span in spans if span.least), key=lambda one: one[0])  # type: ignore[arg-type,return-value]
        most = max((span.most for span in spans if span.most), key=lambda one: one[0])  # type: ignore[arg-type,return-value]
        return least[1], most[1]

    def value(self, text: str, value: object) -> Value:
        """One cell as a value of the column's type; None for an empty one."""
        kind = self.column.type
        if kind == "text":
            return text or None
        if not text or text.casefold() in NOTHING:
            return None
        if value is not None and not isinstance(value, str):
            return _typed_value(value, kind)
        if kind == "boolean":
            return text.casefold() == "true"
        if self.form:
            return dates.parse(text, self.form)
        number = numbers.written(text)
        return numbers.value(number, self.family) if number else None


def decide(profiles: Sequence[ColumnProfile], *, decimal_comma: bool = False) -> list[Decided]:
    """The types of a table's columns; what is certain of one decides what is unclear of others."""
    families = {profile.certain_family for profile in profiles} - {""}
    family = families.pop() if len(families) == 1 else ""
    return [one.decided(family=family, decimal_comma=decimal_comma) for one in profiles]


def _as_text(profile: ColumnProfile) -> Decided:
    return Decided(Column(profile.name, "text"), profile, None)


def _as_typed(profile: ColumnProfile, kind: ColumnType) -> Decided:
    return Decided(Column(profile.name, kind), profile, None, profile.typed_digits)


def _kind(value: object) -> str:
    for types, kind in (
        (bool, "boolean"), (int, "integer"), (Decimal, "decimal"), (float, "double"),
        (datetime, "timestamp"), (date, "date"),
    ):  # fmt: skip
        if isinstance(value, types):
            return kind
    return "other"


def _one_kind(kinds: set[str]) -> ColumnType | None:
    if kinds == {"integer"}:
        return "integer"
    if kinds and kinds <= {"integer", "decimal", "double"}:
        return "decimal"
    if len(kinds) == 1:
        only = next(iter(kinds))
        return only if only in ("boolean", "date", "timestamp") else None  # type: ignore[return-value]
    return "timestamp" if kinds == {"date", "timestamp"} else None


def _typed_value(value: object, kind: ColumnType) -> Value:
    if kind == "timestamp" and isinstance(value, date) and not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day)
    if isinstance(value, int | float | Decimal | date):
        return value
    return None


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_EXAMPLE else f"{text[: _LONGEST_EXAMPLE - 1]}…"
