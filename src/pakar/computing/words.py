"""The words that ask for something, per language, and what words of tables mean the same.

Read from `phrases/`; knows no question and no table.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType

from pakar.language.terms import stem

LANGUAGES = ("en", "id")
Words = tuple[str, ...]
# A number with its separators, letters, or a sign of money or share.
TOKEN = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+(?:['’][^\W\d_]+)*|[$€£%]")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Lexicon:
    """One language's words: phrases to operations, months, multipliers, units, and what is idle."""

    operations: Mapping[Words, tuple[str, ...]]
    calendar: Mapping[Words, str]
    multipliers: Mapping[str, int]
    units: frozenset[str]
    ignorable: frozenset[str]


@lru_cache(maxsize=8)
def lexicon(language: str) -> Lexicon:
    """The words of a language of LANGUAGES."""
    operations = grouped_phrases(language, "operations")
    numbers = list(_entries(language, "numbers"))
    return Lexicon(
        operations=MappingProxyType(operations),
        calendar=MappingProxyType({p: kind for kind, p in _entries(language, "calendar")}),
        multipliers=MappingProxyType({p[0]: int(k) for k, p in numbers if k != "unit"}),
        units=frozenset(p[0] for k, p in numbers if k == "unit"),
        ignorable=frozenset(word for line in _lines(language, "ignorable") for word in split(line)),
    )


def split(text: str) -> Words:
    """The words of a name or a value, folded: `MonthlyFee (IDR)` has monthly, fee, idr."""
    return tuple(fold(one) for one in TOKEN.findall(_CAMEL.sub(" ", text).replace("_", " ")))


def fold(word: str) -> str:
    folded = unicodedata.normalize("NFKC", word).casefold().replace("’", "'")
    return folded.removesuffix("'s") or folded


def grouped_phrases(language: str, name: str) -> dict[Words, tuple[str, ...]]:
    """The phrases of a file of `phrases/LANGUAGE/`, each with the headings it stands below."""
    found: dict[Words, tuple[str, ...]] = {}
    for kind, phrase in _entries(language, name):
        found[phrase] = (*found.get(phrase, ()), kind)
    return found


def phrases(language: str, name: str) -> Mapping[str, str]:
    """A file of `phrases/LANGUAGE/` with one phrase below each heading, as it is written."""
    found: dict[str, str] = {}
    heading = ""
    for line in _lines(language, name):
        if line.startswith("["):
            heading = line.strip("[]")
        else:
            found[heading] = line
    return MappingProxyType(found)


@lru_cache(maxsize=100_000)
def meaning(word: str) -> str:
    """What a folded word shares with its inflections and with the same word in another language."""
    known = _glossary()
    for form in (word, word.removesuffix("nya"), stem(word, "en")):
        if form in known:
            return known[form]
    return stem(word, "en")


@lru_cache(maxsize=1)
def _glossary() -> Mapping[str, str]:
    found: dict[str, str] = {}
    for line in _read("glossary.txt"):
        same = [one.strip() for one in line.split(",")]
        for word in same:
            if " " not in word:
                found.setdefault(word, f"={same[0]}")
                found.setdefault(stem(word, "en"), f"={same[0]}")
    return MappingProxyType(found)


def _entries(language: str, name: str) -> Iterator[tuple[str, Words]]:
    heading = ""
    for line in _lines(language, name):
        if line.startswith("["):
            heading = line.strip("[]")
        else:
            yield heading, split(line)


def _lines(language: str, name: str) -> list[str]:
    return _read(f"{language}/{name}.txt")


def _read(name: str) -> list[str]:
    text = (files("pakar.computing") / "phrases" / name).read_text(encoding="utf-8")
    lines = [line.strip() for line in text.splitlines()]
    return [line for line in lines if line and not line.startswith("#")]
