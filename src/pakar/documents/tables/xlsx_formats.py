"""Number formats of spreadsheets: a stored number as the cell shows it, or as the date that it is.

Knows the format codes of Office Open XML (ECMA-376, 18.8.30 and 18.8.31) as far as cells of tables
use them: digits, separators, percent, text, dates and times. What it cannot show (fractions) is
shown as stored. Knows no files.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

GENERAL = "General"
BUILTIN = {
    0: GENERAL, 1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 11: "0.00E+00",
    12: "# ?/?", 13: "# ??/??", 14: "yyyy-mm-dd", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy",
    18: "h:mm AM/PM", 19: "h:mm:ss AM/PM", 20: "h:mm", 21: "h:mm:ss", 22: "yyyy-mm-dd h:mm",
    37: "#,##0;(#,##0)", 38: "#,##0;(#,##0)", 39: "#,##0.00;(#,##0.00)",
    40: "#,##0.00;(#,##0.00)", 41: "#,##0;(#,##0)", 42: "#,##0;(#,##0)", 43: "#,##0.00;(#,##0.00)",
    44: "#,##0.00;(#,##0.00)", 45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss.0", 48: "##0.0E+0", 49: "@",
}  # fmt: skip
_TOKEN = re.compile(
    r'"(?P<text>[^"]*)"|\\(?P<escaped>.)|\[(?P<bracket>[^\]]*)\]|_.|\*.'
    r"|(?P<ampm>AM/PM|A/P)|(?P<general>General)|(?P<date>[yYmMdDhHsS]+)"
    r"|(?P<number>[0#?][0#?,]*(?:\.[0#?]*)?(?:[eE][+-]0+)?|\.[0#?]+)|(?P<rest>.)",
    re.DOTALL,
)
_MONTHS = ("January February March April May June July August September October November December"
           ).split()  # fmt: skip
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
_CURRENCY = re.compile(r"\$([^-\]]*)")
_ELAPSED = frozenset(["h", "hh", "m", "mm", "s", "ss"])
# Excel counts from 1900 and takes that year for a leap year; from 1904 on old Macs.
_EPOCHS = {False: datetime(1899, 12, 30), True: datetime(1904, 1, 1)}
_LAST_DAY = 2_958_465


@dataclass(frozen=True, slots=True)
class _Piece:
    kind: str
    text: str


def is_date(code: str) -> bool:
    """Whether a format shows dates or times."""
    return any(piece.kind == "date" for piece in _section(code, 0))


def moment(serial: float, *, from_1904: bool) -> datetime | None:
    """The moment of a stored number; None where it is out of range."""
    if not 0 <= serial <= _LAST_DAY:
        return None
    days = int(serial)
    if not from_1904 and days < 60:
        days += 1  # before the 29 February 1900 that there never was
    seconds = round((serial - int(serial)) * 86_400_000) / 1000
    return _EPOCHS[from_1904] + timedelta(days=days, seconds=seconds)


def date_value(serial: float, code: str, *, from_1904: bool) -> date | time | None:
    """A date where the format shows no time and there is none; else a moment."""
    when = moment(serial, from_1904=from_1904)
    if when is None:
        return None
    letters = "".join(piece.text for piece in _section(code, 0) if piece.kind == "date").lower()
    has_day = "d" in letters or "y" in letters
    if not has_day and serial < 1:
        return when.time()
    return when.date() if not (when.hour or when.minute or when.second) and has_day else when


def shown(stored: str, code: str, *, from_1904: bool) -> str:
    """What a cell with this stored number and format shows."""
    try:
        number = Decimal(stored)
    except ArithmeticError:
        return stored
    if not number.is_finite():
        return stored
    if code == GENERAL:
        return plain(stored)
    index = _which(code, number)
    pieces = _section(code, index)
    if any(piece.kind == "date" for piece in pieces):
        return _shown_date(pieces, float(number), from_1904) or plain(stored)
    numbers = [piece for piece in pieces if piece.kind == "number"]
    if any(piece.kind == "fraction" for piece in pieces) or len(numbers) > 1:
        return plain(stored)
    return _shown_number(pieces, number, signed=index == 0)


def plain(stored: str) -> str:
    """A number as stored, without the noise beyond the 15 digits that spreadsheets keep."""
    try:
        number = Decimal(stored)
    except ArithmeticError:
        return stored
    if not number.is_finite() or ("E" not in stored.upper() and len(stored.strip("-.")) <= 16):
        return stored
    short = Decimal(f"{float(number):.15g}")
    if short and not -15 < short.adjusted() < 21:
        return f"{short.normalize()}"
    text = f"{short:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _which(code: str, number: Decimal) -> int:
    """The section for a number: positive, negative, zero."""
    count = len(_sections(code))
    if number < 0 and count >= 2:
        return 1
    return 2 if number == 0 and count >= 3 else 0


@lru_cache(maxsize=1_000)
def _sections(code: str) -> tuple[str, ...]:
    parts, quoted, start = [], False, 0
    for at, character in enumerate(code):
        if character == '"':
            quoted = not quoted
        elif character == ";" and not quoted and (at == 0 or code[at - 1] != "\\"):
            parts.append(code[start:at])
            start = at + 1
    return (*parts, code[start:])


@lru_cache(maxsize=1_000)
def _section(code: str, index: int) -> tuple[_Piece, ...]:
    sections = _sections(code)
    text = sections[index] if index < len(sections) else sections[0]
    pieces = []
    for match in _TOKEN.finditer(text):
        kind, found = match.lastgroup or "", match.group(match.lastgroup) if match.lastgroup else ""
        if kind == "bracket":
            currency = _CURRENCY.match(found)
            if currency:
                pieces.append(_Piece("text", currency.group(1)))
            elif found.lower() in _ELAPSED:
                pieces.append(_Piece("date", f"[{found.lower()}]"))
        elif kind in ("text", "escaped"):
            pieces.append(_Piece("text", found))
        elif kind in ("date", "ampm", "number", "general"):
            pieces.append(_Piece("date" if kind == "ampm" else kind, found))
        elif kind == "rest":
            pieces.append(_Piece("fraction" if found == "/" else "text", found))
    return tuple(_dates_only_with_letters(pieces))


def _dates_only_with_letters(pieces: list[_Piece]) -> list[_Piece]:
    """In a date, "/" and digits for fractions of seconds are text."""
    if not any(piece.kind == "date" for piece in pieces):
        return pieces
    return [_Piece("text", piece.text) if piece.kind == "fraction" else piece for piece in pieces]


def _shown_number(pieces: tuple[_Piece, ...], number: Decimal, *, signed: bool) -> str:
    percent = sum(piece.text.count("%") for piece in pieces if piece.kind == "text")
    worth = abs(number) * 100**percent
    written = "".join(
        _digits(piece.text, worth)
        if piece.kind == "number"
        else plain(str(worth))
        if piece.kind == "general"
        else piece.text
        for piece in pieces
        if piece.text != "@"
    )
    if any(piece.text == "@" for piece in pieces):
        return plain(str(number))
    has_value = any(character in "123456789" for character in written)
    return f"-{written.strip()}" if signed and number < 0 and has_value else written.strip()


def _digits(pattern: str, number: Decimal) -> str:
    exponent = re.search(r"[eE][+-]0+$", pattern)
    if exponent:
        places = len(pattern[: exponent.start()].partition(".")[2])
        mantissa, _, power = f"{number:.{places}E}".partition("E")
        return f"{mantissa}E{power[0]}{power[1:].zfill(len(exponent.group()) - 2)}"
    whole, _, after = pattern.partition(".")
    thousands = len(whole) - len(whole.rstrip(","))
    number = number / 1000**thousands
    grouped = "," in whole.rstrip(",")
    rounded = number.quantize(Decimal(1).scaleb(-len(after)), rounding=ROUND_HALF_UP)
    text = f"{rounded:,f}" if grouped else f"{rounded:f}"
    before, _, behind = text.partition(".")
    least = whole.count("0")
    if least == 0 and before == "0":
        before = ""
    elif len(before.replace(",", "")) < least:
        before = before.zfill(least + before.count(","))
    kept = len(after.rstrip("#?"))
    while len(behind) > kept and behind.endswith("0"):
        behind = behind[:-1]
    return f"{before}.{behind}" if behind else before


def _shown_date(pieces: tuple[_Piece, ...], serial: float, from_1904: bool) -> str:
    when = moment(serial, from_1904=from_1904)
    if when is None:
        return ""
    half = any(piece.text in ("AM/PM", "A/P") for piece in pieces)
    parts, after_hours = [], False
    following = [piece.text.lower() for piece in pieces if piece.kind == "date"]
    seen = 0
    for piece in pieces:
        if piece.kind != "date":
            digits = piece.kind == "number" and piece.text.startswith(".")
            parts.append(f"{when.microsecond / 1e6:.3f}"[1 : 1 + len(piece.text)] if digits
                         else piece.text)  # fmt: skip
            continue
        seen += 1
        code = piece.text.lower()
        before_seconds = seen < len(following) and following[seen].startswith("s")
        if code[0] == "m" and (after_hours or before_seconds):
            parts.append(str(when.minute).zfill(len(code)))
        else:
            parts.append(_date_part(code, when, serial, half))
        after_hours = code[0] in "h[" if code[0] != "m" or not after_hours else False
    return "".join(parts).strip()


def _date_part(code: str, when: datetime, serial: float, half: bool) -> str:
    if code.startswith("["):
        seconds = round(serial * 86_400)
        unit = {"h": 3600, "m": 60, "s": 1}[code[1]]
        return str(seconds // unit).zfill(len(code) - 2)
    if code in ("am/pm", "a/p"):
        sign = "AM" if when.hour < 12 else "PM"
        return sign if code == "am/pm" else sign[0]
    first, length = code[0], len(code)
    if first == "y":
        return f"{when.year:04d}" if length > 2 else f"{when.year % 100:02d}"
    if first == "h":
        hour = (when.hour % 12 or 12) if half else when.hour
        return str(hour).zfill(min(length, 2))
    if first == "s":
        return str(when.second).zfill(min(length, 2))
    names, number = (_MONTHS, when.month) if first == "m" else (_DAYS, when.day)
    if length <= 2:
        return str(number).zfill(length)
    name = names[when.month - 1] if first == "m" else names[when.weekday()]
    if length == 3:
        return name[:3]
    return name[0] if length == 5 else name
