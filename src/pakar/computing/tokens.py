"""A question's words, numbers and dates, before anybody asks what they mean.

Knows how a language writes numbers and dates; knows no tables.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from pakar.computing.words import TOKEN, Lexicon, fold

_DATE = re.compile(r"\b(\d{4})-(\d{1,2})-(\d{1,2})\b|\b(\d{1,2})/(\d{1,2})/(\d{4})\b")
_YEARS = range(1800, 2200)
_GROUPED = {"en": ",", "id": "."}
_DECIMAL = {"en": ".", "id": ","}
_SMALL = {
    "en": "one two three four five six seven eight nine ten eleven twelve".split(),
    "id": "satu dua tiga empat lima enam tujuh delapan sembilan sepuluh sebelas".split(),
}


@dataclass(frozen=True, slots=True)
class Token:
    """A word as it stands in the question (`start` to `end`), and folded."""

    text: str
    folded: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Days:
    """A span of days, the last one included."""

    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number; `unit` is the money or share it is said to be of, "" where nothing is said."""

    value: int | float
    unit: str = ""


def tokens(question: str) -> list[Token]:
    """The question's tokens; a date in digits is one."""
    found: list[Token] = []
    at = 0
    for match in _DATE.finditer(question):
        found += _plain(question, at, match.start())
        found.append(Token(match.group(), match.group(), match.start(), match.end()))
        at = match.end()
    return found + _plain(question, at, len(question))


def _plain(question: str, start: int, end: int) -> list[Token]:
    return [
        Token(one.group(), fold(one.group()), one.start(), one.end())
        for one in TOKEN.finditer(question, start, end)
    ]


def days(found: Sequence[Token], at: int, lexicon: Lexicon, language: str) -> tuple[Days, int]:
    """The date that begins at token `at` and the tokens it takes; takes 0 where there is none."""
    exact = _DATE.fullmatch(found[at].text)
    if exact:
        day = _numeric_day(exact, language)
        return (Days(day, day), 1) if day else (_NEVER, 0)
    for reading in (_day_month_year, _month_day_year, _month_year, _year):
        span, taken = reading(found, at, lexicon)
        if taken:
            return span, taken
    return _NEVER, 0


_NEVER = Days(date.min, date.min)


def quantity(
    found: Sequence[Token], at: int, lexicon: Lexicon, language: str
) -> tuple[Quantity, int]:
    """The number that begins at token `at`, its unit and multiplier, and the tokens it takes."""
    start, unit = at, ""
    if found[at].folded in lexicon.units and at + 1 < len(found):
        unit, at = found[at].folded, at + 1
    value = number(found[at].text, language)
    if value is None and found[at].folded in _SMALL[language]:
        value = _SMALL[language].index(found[at].folded) + 1
    if value is None:
        return Quantity(0), 0
    at += 1
    if at < len(found) and found[at].folded in lexicon.multipliers:
        value, at = _times(value, lexicon.multipliers[found[at].folded]), at + 1
    if at < len(found) and (found[at].folded in lexicon.units or found[at].text == "%"):
        unit, at = unit or found[at].folded, at + 1
    return Quantity(value, unit), at - start


def number(text: str, language: str) -> int | float | None:
    """A number as the language writes it; None for none, and where it could be another's.

    English "1.500" and Indonesian "1,500" may each be meant in the other way.
    """
    if not re.fullmatch(r"\d+(?:[.,]\d+)*", text):
        return None
    group, decimal = _GROUPED[language], _DECIMAL[language]
    if re.fullmatch(rf"\d{{1,3}}(?:{re.escape(group)}\d{{3}})+(?:{re.escape(decimal)}\d+)?", text):
        text = text.replace(group, "")
    elif re.fullmatch(rf"[1-9]\d{{0,2}}(?:{re.escape(decimal)}\d{{3}})+", text):
        return None
    text = text.replace(decimal, ".")
    if text.count(".") > 1 or "," in text:
        return None
    return float(text) if "." in text else int(text)


def _times(value: int | float, by: int) -> int | float:
    product = round(value * by, 6)
    return int(product) if product == int(product) else product


def _numeric_day(match: re.Match[str], language: str) -> date | None:
    year, month, day, first, second, last = (int(one) if one else 0 for one in match.groups())
    if last:
        year, day, month = last, first, second
        # In English 03/04 may be April or March.
        if language == "en" and first <= 12 and second <= 12 and first != second:
            return None
        if month > 12:
            day, month = month, day
    return _day(year, month, day)


def _day_month_year(found: Sequence[Token], at: int, lexicon: Lexicon) -> tuple[Days, int]:
    if at + 2 < len(found) and found[at].text.isdigit():
        month, year = _month(found[at + 1], lexicon), _year_of(found[at + 2])
        day = _day(year, month, int(found[at].text)) if month and year else None
        if day:
            return Days(day, day), 3
    return _NEVER, 0


def _month_day_year(found: Sequence[Token], at: int, lexicon: Lexicon) -> tuple[Days, int]:
    if at + 2 < len(found) and found[at + 1].text.isdigit():
        month, year = _month(found[at], lexicon), _year_of(found[at + 2])
        day = _day(year, month, int(found[at + 1].text)) if month and year else None
        if day:
            return Days(day, day), 3
    return _NEVER, 0


def _month_year(found: Sequence[Token], at: int, lexicon: Lexicon) -> tuple[Days, int]:
    if at + 2 < len(found) and lexicon.calendar.get((found[at].folded,)) == "month":
        span, taken = _month_year(found, at + 1, lexicon)
        return span, taken + 1 if taken else 0
    if at + 1 < len(found):
        month, year = _month(found[at], lexicon), _year_of(found[at + 1])
        if month and year:
            following = date(year + month // 12, month % 12 + 1, 1)
            return Days(date(year, month, 1), following - timedelta(days=1)), 2
    return _NEVER, 0


def _year(found: Sequence[Token], at: int, lexicon: Lexicon) -> tuple[Days, int]:
    taken = 1
    if lexicon.calendar.get((found[at].folded,)) == "year" and at + 1 < len(found):
        at, taken = at + 1, 2
    year = _year_of(found[at])
    return (Days(date(year, 1, 1), date(year, 12, 31)), taken) if year else (_NEVER, 0)


def _month(token: Token, lexicon: Lexicon) -> int:
    kind = lexicon.calendar.get((token.folded,), "")
    return int(kind) if kind.isdigit() else 0


def _year_of(token: Token) -> int:
    return int(token.text) if len(token.text) == 4 and _is_year(token.text) else 0


def _is_year(text: str) -> bool:
    return text.isdecimal() and int(text) in _YEARS


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
