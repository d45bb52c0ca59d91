"""How extracted examples ask, in English and Indonesian.

Every template is grammatical whatever stands in it: titles and headings are quoted, and only
nouns of a known kind get a question of their own. Knows no documents.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

LANGUAGES = ("en", "id")


@dataclass(frozen=True, slots=True)
class Asking:
    """The templates of one language; `what` and `whats` are for one and several of a kind."""

    about: str
    under: str
    said: str
    what: str
    whats: str
    cell: str
    cells: str
    given: str
    stands: str
    term: str
    definition: str
    measures: re.Pattern[str]


_ASKING = {
    "en": Asking(
        about='About "{title}": {question}',
        under='What does "{title}" say under "{heading}"?',
        said='What does "{title}" say about "{key}"?',
        what='What is the {key} according to "{title}"?',
        whats='What are the {key} according to "{title}"?',
        cell="What is the {column} of {row}?",
        cells="What are the {column} of {row}?",
        stands='What does "{title}" give as "{column}" for {row}?',
        given='What {column} does "{title}" give for {row}?',
        term='What does "{key}" mean according to "{title}"?',
        definition="What {verb} {key}?",
        measures=re.compile(
            r"\b(?:amount|tenure|fees?|charges?|rates?|age|price|prices|income|limits?|period|"
            r"validity|term|cost|costs|balance|deadline|penalty|deposit|address|email|e-mail|"
            r"hotline|phone|helpline|website|number|hours|capacity|size|weight|warranty|"
            r"eligibility|currency|duration|score|code|type|city|country|description|features)\Z",
            re.IGNORECASE,
        ),
    ),
    "id": Asking(
        about='Tentang "{title}": {question}',
        under='Apa yang tertulis dalam "{title}" di bawah "{heading}"?',
        said='Apa yang tertulis dalam "{title}" tentang "{key}"?',
        what='Apa yang tertulis dalam "{title}" tentang {key}?',
        whats='Apa yang tertulis dalam "{title}" tentang {key}?',
        cell="Apa {column} untuk {row}?",
        cells="Apa {column} untuk {row}?",
        stands='Apa yang tertulis dalam "{title}" sebagai "{column}" untuk {row}?',
        given='Apa {column} yang tertulis dalam "{title}" untuk {row}?',
        term='Apa arti "{key}" menurut "{title}"?',
        definition="Apa itu {key}?",
        measures=re.compile(
            r"(?:biaya|tarif|bunga|harga|limit|saldo|denda|usia|tenor|alamat|syarat)\b",
            re.IGNORECASE,
        ),
    ),
}
_PLURAL = re.compile(r"(?:[^s\W]s|[Ff]ees|ies)\Z")
_SINGULAR = re.compile(r"(?:address|status|basis|access|business)\Z", re.IGNORECASE)


def asking(language: str) -> Asking | None:
    """The templates of a language; None where there are none."""
    return _ASKING.get(language)


def is_plural(phrase: str) -> bool:
    """Whether an English noun phrase means several, by its last word."""
    last = phrase.split()[-1]
    return bool(_PLURAL.search(last)) and not _SINGULAR.search(last)


def in_sentence(phrase: str) -> str:
    """A label as it stands inside a sentence: "Loan Amount" is "loan amount", "IFSC" stays."""
    words = phrase.split()
    if any(word.isupper() and len(word) > 1 for word in words[:-1]):
        return phrase if len(words) > 2 else f"{words[0]} {in_sentence(words[1])}"
    return " ".join(word.lower() if word[1:].islower() else word for word in words)
