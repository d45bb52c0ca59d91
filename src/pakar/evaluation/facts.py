"""Facts in a text: names, numbers and dates, whatever way they are written.

Deterministic, by rules. Numbers: `1,200`, `1.200`, `1 200` and `1200.00` are one number; a point or
comma before exactly three digits separates thousands. Dates: `5 March 2024`, `March 5, 2024`,
`5 Maret 2024`, `2024-03-05` and `05/03/2024` are one date; where day and month of the last form
may be either, both readings count. Knows texts, nothing of routes.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from decimal import Decimal

_MONTHS = (
    "january januari jan", "february februari feb", "march maret mar", "april apr", "may mei",
    "june juni jun", "july juli jul", "august agustus aug agu", "september sep sept",
    "october oktober oct okt", "november nov", "december desember dec des",
)  # fmt: skip
_MONTH = {name: number for number, names in enumerate(_MONTHS, 1) for name in names.split()}
_NAMES = "|".join(sorted(_MONTH, key=len, reverse=True))
_ISO = re.compile(r"\b(\d{4})-(\d{1,2})-(\d{1,2})\b")
_DAY_FIRST = re.compile(rf"\b(\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?({_NAMES})\.?,?\s+(\d{{4}})\b")
_MONTH_FIRST = re.compile(rf"\b({_NAMES})\.?\s+(\d{{1,2}})(?:st|nd|rd|th)?,?\s+(\d{{4}})\b")
_SLASHED = re.compile(r"\b(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})\b")
_GROUPED = r"\d{1,3}(?P<group>[.,\u00a0\u202f ])(?:\d{2,3}(?P=group))*\d{3}"
_NUMBER = re.compile(rf"(?<!\w)(?:{_GROUPED}(?:[.,]\d+)?|\d+(?:[.,]\d+)?)(?!\w)")
_TOKEN = re.compile(r"\d+(?:\.\d+)?|[^\W\d_]+(?:['’][^\W\d_]+)*|\d+")
# Currencies that are written without a space before the amount.
_CURRENCY = re.compile(r"\b(rp|rs|usd|inr|idr|eur|gbp|bdt|npr|lkr|btn)\.?(?=\d)")
# "1." or "2)" at the start of a line counts the line; "[1]" names a source.
_COUNTER = re.compile(r"(?m)^\s*\d{1,2}[.)]\s+|\[\d{1,2}\]")
_LONGEST = 200_000


def required_recall(answer: str, required: Sequence[str]) -> float:
    """The share of the required facts that stand in the answer, from 0 to 1.

    A fact is there where its words stand in the answer in a row, letter case and the way numbers
    and dates are written aside. Raises ValueError where nothing is required.
    """
    if not required:
        raise ValueError("nothing is required")
    found = _Facts(answer)
    return sum(found.has(one) for one in required) / len(required)


def missing(answer: str, required: Sequence[str]) -> list[str]:
    """The required facts that do not stand in the answer."""
    found = _Facts(answer)
    return [one for one in required if not found.has(one)]


def unsupported_numbers(answer: str, shown: Sequence[str]) -> float | None:
    """The share of the answer's numbers that stand in none of the texts; None without numbers.

    Not a judgement of truth: a number that was computed from the passages counts as unsupported,
    and one that stands there in another sense counts as supported.
    """
    written = numbers(_COUNTER.sub(" ", answer))
    if not written:
        return None
    known = {number for text in shown for number in numbers(text)}
    return sum(one not in known for one in written) / len(written)


def numbers(text: str) -> list[str]:
    """All numbers of a text in order, each in one form: no separators, no closing zeros."""
    return [_plain(match.group()) for match in _NUMBER.finditer(_folded(text))]


def dates(text: str) -> set[str]:
    """All dates of a text as YYYY-MM-DD."""
    return set(_dates(_folded(text)))


class _Facts:
    """A text as facts are looked for in it."""

    def __init__(self, text: str) -> None:
        self._words = f" {' '.join(_tokens(text))} "
        self._dates = dates(text)

    def has(self, fact: str) -> bool:
        wanted = dates(fact)
        if wanted and wanted & self._dates:
            return True
        words = _tokens(fact)
        return bool(words) and f" {' '.join(words)} " in self._words


def _tokens(text: str) -> list[str]:
    plain = _NUMBER.sub(lambda match: f" {_plain(match.group())} ", _folded(text))
    return _TOKEN.findall(plain)


def _folded(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text[:_LONGEST]).casefold()
    return _CURRENCY.sub(r"\1 ", folded)


def _plain(number: str) -> str:
    """A number without separators of thousands and without zeros that say nothing."""
    marks = [one for one in number if not one.isdigit()]
    last = max((number.rfind(one) for one in set(marks)), default=-1)
    decimals = number[last + 1 :] if last >= 0 else ""
    grouped = len(decimals) == 3 and not number.startswith("0") and len(set(marks)) == 1
    if not marks or grouped:
        return str(int(_digits(number)))
    value = Decimal(f"{_digits(number[:last])}.{_digits(decimals)}")
    plain = f"{value:f}"
    return plain.rstrip("0").rstrip(".") or "0"


def _digits(text: str) -> str:
    # Digits of every script, as ASCII.
    return "".join(str(unicodedata.digit(one)) for one in text if one.isdigit())


def _dates(text: str) -> Iterator[str]:
    for year, month, day in _ISO.findall(text):
        yield from _date(year, int(month), int(day))
    for day, name, year in _DAY_FIRST.findall(text):
        yield from _date(year, _MONTH[name], int(day))
    for name, day, year in _MONTH_FIRST.findall(text):
        yield from _date(year, _MONTH[name], int(day))
    for one, other, year in _SLASHED.findall(text):
        yield from _date(year, int(other), int(one))
        yield from _date(year, int(one), int(other))


def _date(year: str, month: int, day: int) -> Iterator[str]:
    if 1 <= month <= 12 and 1 <= day <= 31:
        yield f"{year}-{month:02}-{day:02}"
