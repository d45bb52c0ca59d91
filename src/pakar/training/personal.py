"""Personal data in examples: what looks like it by form, checked by arithmetic where there is some.

Knows e-mail addresses, phone numbers, payment cards (Luhn), IBANs (ISO 7064, mod 97-10) and the
Indonesian identity number (NIK: 16 digits, the 7th to 12th of which are a birth date). Knows no
names of people: nothing that is certain can be said of them by rules.
"""

from __future__ import annotations

import re

_EMAIL = re.compile(r"\b[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+\b")
_PHONE = re.compile(r"(?<![\w.,-])\+?\d[\d \-()]{7,16}\d(?![\w-])")
_DIGITS = re.compile(r"(?<!\d)(?:\d[ -]?){12,18}\d(?!\d)")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}\b")
_INDONESIAN = re.compile(r"08(?:1[1-9]|2[1238]|3[1238]|5[1-9]|7[78]|8[1-9]|9[5-9])\d{7,9}")
_PROVINCES = frozenset([*range(11, 22), *range(31, 37), 51, 52, 53, *range(61, 66),
                        *range(71, 77), 81, 82, *range(91, 97)])  # fmt: skip
# Addresses of an office, not of a person.
_OFFICE = re.compile(
    r"(?:[\w.+-]*[._+-])?(?:info|support|help|care|contact|service|services|sales|admin|office|loans?|fraud\w*|"
    r"complaints?|press|media|careers|hr|bantuan|layanan|cs|\w*(?:help|support|care|desk))@",
    re.IGNORECASE,
)


def personal_data(text: str) -> tuple[str, ...]:
    """The kinds of personal data found, sorted: card, e-mail, iban, nik, phone."""
    found: set[str] = set()
    for match in _EMAIL.finditer(text):
        if not _OFFICE.match(match.group()):
            found.add("e-mail")
    rest = text
    for match in _IBAN.finditer(text):
        if _is_iban(match.group().replace(" ", "")):
            found.add("iban")
            rest = rest.replace(match.group(), " ")
    for match in _DIGITS.finditer(rest):
        digits = re.sub(r"\D", "", match.group())
        if len(digits) == 16 and _is_nik(digits):
            found.add("nik")
        elif 13 <= len(digits) <= 19 and _is_card(digits):
            found.add("card")
    if any(_is_mobile(match.group()) for match in _PHONE.finditer(rest)):
        found.add("phone")
    return tuple(sorted(found))


def _is_mobile(text: str) -> bool:
    """Mobile numbers of Indonesia and India belong to people; landlines mostly to offices."""
    digits = re.sub(r"\D", "", text)
    if text.startswith("+") and not digits.startswith(("62", "91")):
        return False
    if _INDONESIAN.fullmatch("0" + digits[2:] if digits.startswith("62") else digits):
        return True
    return re.fullmatch(r"(?:91)?[6-9]\d{9}", digits) is not None


def _is_card(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0 and digits[0] in "23456" and len(set(digits)) > 1


def _is_iban(text: str) -> bool:
    moved = text[4:] + text[:4]
    return int("".join(str(int(letter, 36)) for letter in moved)) % 97 == 1


def _is_nik(digits: str) -> bool:
    """A province, four digits, then a birth date; of women 40 is added to the day."""
    province, day, month = int(digits[:2]), int(digits[6:8]), int(digits[8:10])
    day -= 40 if day > 40 else 0
    return province in _PROVINCES and 1 <= day <= 31 and 1 <= month <= 12 and digits[12:] != "0000"
