"""Dates and times as people write them; which order of day and month a column's cells share.

Knows ISO 8601, day and month by numbers, and English and Indonesian names of months.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january januari", "feb february februari", "mar march maret", "apr april",
            "may mei", "jun june juni", "jul july juli", "aug august agu agustus ags",
            "sep sept september", "oct october okt oktober", "nov november nop",
            "dec december des desember",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
_ISO = re.compile(r"(\d{4})([-/])(\d\d?)\2(\d\d?)")
_NUMBERS = re.compile(r"(\d\d?)([-/.])(\d\d?)\2(\d{4})")
_DAY_FIRST = re.compile(r"(\d\d?)[ -]([A-Za-z]{3,9})\.?[ ,-]+(\d{4})")
_MONTH_FIRST = re.compile(r"([A-Za-z]{3,9})\.? (\d\d?),? (\d{4})")
_TIMED = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?) ?(Z|[+-]\d\d(?::?\d\d)?)?"
)

FORMS = ("iso", "day first", "month first", "named", "timed")


def forms_of(cell: str, among: tuple[str, ...] = FORMS) -> dict[str, date]:
    """The forms in which a cell is a date, and the date in each."""
    found: dict[str, date] = {}
    if len(cell) < 8 or len(cell) > 40:
        return found
    for form in among:
        try:
            when = parse(cell, form)
        except ValueError:
            continue
        if when is not None:
            found[form] = when
    return found


def parse(cell: str, form: str) -> date | None:
    """The date or, for "timed", the time; None where the cell has another form.

    Times with a zone become UTC without a zone. Raises ValueError for a day that there is not.
    """
    if form == "timed":
        return _timed(cell)
    if form == "iso":
        match = _ISO.fullmatch(cell)
        return date(int(match[1]), int(match[3]), int(match[4])) if match else None
    if form == "named":
        return _named(cell)
    match = _NUMBERS.fullmatch(cell)
    if match is None or (form == "month first" and match[2] == "."):
        return None
    first, second = int(match[1]), int(match[3])
    day, month = (first, second) if form == "day first" else (second, first)
    return date(int(match[4]), month, day)


def _timed(cell: str) -> datetime | None:
    match = _TIMED.fullmatch(cell)
    if match is None:
        return None
    zone = match[3] or ""
    if zone and zone != "Z":
        zone = f"{zone[:3]}:{zone[3:].lstrip(':') or '00'}"
    when = datetime.fromisoformat(f"{match[1]}T{match[2]}{zone}")
    return when.astimezone(UTC).replace(tzinfo=None) if when.tzinfo else when


def _named(cell: str) -> date | None:
    match = _DAY_FIRST.fullmatch(cell)
    if match:
        day, month = match[1], match[2]
    else:
        match = _MONTH_FIRST.fullmatch(cell)
        if match is None:
            return None
        day, month = match[2], match[1]
    number = _MONTHS.get(month.lower())
    return date(int(match[3]), number, int(day)) if number else None
