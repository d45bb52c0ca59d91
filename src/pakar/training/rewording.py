"""Other ways to ask the same, made by rules for English and Indonesian.

Precise rather than many: a rule speaks only where its result is grammatical. Knows nothing of
what the questions are about.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class _Rule:
    pattern: re.Pattern[str]
    templates: tuple[str, ...]


# A thing that is named plainly: an article or a capital, and no clause inside.
_CLAUSE = "if|when|that|which|who|how|does|do|is|are|was|and what"
_THING = rf"(?P<x>(?:(?:the|a|an|my|your) |[A-Z])(?:(?! (?:{_CLAUSE})\b)[^,;:?]){{1,60}})"
_WHAT = _Rule(
    re.compile(rf"What (?P<is>is|are) {_THING}\?"),
    ("Could you tell me what {x} {is}?", "Tell me about {x}."),
)
_WHERE = _Rule(
    re.compile(rf"Where (?P<is>is|are) {_THING}\?"), ("Could you tell me where {x} {is}?",)
)
_HOW = _Rule(
    re.compile(r"How (?:do|can) I (?P<x>[^?]+)\?"),
    ("Please explain how to {x}.", "What do I have to do to {x}?"),
)
_WHICH = _Rule(
    re.compile(r"What (?P<x>[a-z]+s are (?:required|needed|available|offered|accepted)\b[^?]*)\?"),
    ("Which {x}?",),
)
_RULES = {
    "en": (_WHAT, _WHERE, _HOW, _WHICH),
    "id": (
        _Rule(re.compile(r"Apa itu (?P<x>[^?,;:]+)\?"), ("Jelaskan tentang {x}.", "{x} itu apa?")),
        _Rule(re.compile(r"Bagaimana cara (?P<x>[^?]+)\?"), ("Jelaskan cara {x}.",)),
        _Rule(
            re.compile(
                r"(?P<word>Apa|Apakah|Siapa|Siapakah|Kapan|Di mana|Mana|Berapa|Bagaimana|Mengapa)\b"
                r"(?P<x>[^?]+)\?"
            ),
            ("Tolong beri tahu saya {word}{x}.",),
        ),
    ),
}  # fmt: skip
# These stand before any question, whatever its form.
_OPENINGS = {
    "en": ("I would like to know: {question}", "Please answer this question. {question}"),
    "id": ("Saya ingin tahu: {question}", "Tolong jawab pertanyaan ini. {question}"),
}


def rewordings(question: str, language: str, most: int) -> list[str]:
    """Up to `most` other wordings of a question in English ("en") or Indonesian ("id").

    Empty for other languages, and for what is no single question with its mark at the end.
    """
    asked = question.strip()
    if language not in _RULES or not asked.endswith("?") or asked.count("?") > 1 or "\n" in asked:
        return []
    found: list[str] = []
    for other in _all(asked, language):
        worded = other[0].upper() + other[1:]
        if worded != asked and worded not in found:
            found.append(worded)
    return found[:most]


def _all(asked: str, language: str) -> Iterator[str]:
    for rule in _RULES[language]:
        match = rule.pattern.fullmatch(asked)
        if match is not None:
            parts = {
                name: part.lower() if name == "word" else part
                for name, part in match.groupdict().items()
            }
            yield from (template.format_map(parts) for template in rule.templates)
    yield from (opening.format(question=asked) for opening in _OPENINGS[language])
