"""What pakar says to a model and to a reader, in the reader's language.

The words lie in `phrases/LANGUAGE/*.txt`, so that they can be read and improved without reading
code. Knows no passages and no model.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from string import Template

from pakar.language.sentences import sentence_spans

LANGUAGES = ("en", "id")
# What follows these is no longer ignorance.
_BUT = re.compile(r"\b(?:but|however|tetapi|tapi|namun)\b")
_SPACES = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Wording:
    """All texts of one language; `unknown` is what a model shall write when it does not know."""

    rag: str
    base: str
    nothing_found: str
    unknown: str
    question_template: Template
    rewrite_template: Template
    generate_template: Template
    fields_template: Template
    summarise_template: Template

    def question(self, question: str, passages: str) -> str:
        return self.question_template.substitute(question=question, passages=passages)

    def rewrite(self, question: str, conversation: str) -> str:
        return self.rewrite_template.substitute(question=question, conversation=conversation)

    def generate(self, passage: str) -> str:
        return self.generate_template.substitute(passage=passage)

    def summarise(self, text: str) -> str:
        return self.summarise_template.substitute(text=text)

    def fields(self, text: str, answer: str, fields: str) -> str:
        return self.fields_template.substitute(text=text, answer=answer or "-", fields=fields)

    def says_unknown(self, answer: str) -> bool:
        """Whether an answer says nothing but that it does not know, in any known language's ways.

        "I don't know the date, but the fee is 500." is an answer.
        """
        sentences = [answer[start:end] for start, end in sentence_spans(answer, "en")]
        return bool(sentences) and all(_begins_as_unknown(one) for one in sentences)


@lru_cache(maxsize=32)
def wording(language: str) -> Wording:
    """The texts for a language; for one without texts the English ones, told to answer in kind."""
    known = language if language in LANGUAGES else "en"
    texts = _texts(known)
    ending = "" if known == language else f" {texts['other']}"
    return Wording(
        rag=texts["rag"] + ending,
        base=texts["base"] + ending,
        nothing_found=texts["nothing_found"],
        unknown=texts["unknown"].splitlines()[0],
        question_template=Template(texts["question"]),
        rewrite_template=Template(texts["rewrite"]),
        generate_template=Template(texts["generate"]),
        fields_template=Template(texts["fields"]),
        summarise_template=Template(texts["summarise"]),
    )


@lru_cache(maxsize=8)
def _texts(language: str) -> dict[str, str]:
    folder = files("pakar.answering") / "phrases" / language
    return {
        entry.name.removesuffix(".txt"): entry.read_text(encoding="utf-8").strip()
        for entry in folder.iterdir()
        if entry.name.endswith(".txt")
    }


def _begins_as_unknown(sentence: str) -> bool:
    start = _plain(sentence)
    phrases = [one for language in LANGUAGES for one in _texts(language)["unknown"].splitlines()]
    return any(start.startswith(_plain(one)) for one in phrases) and not _BUT.search(start)


def _plain(text: str) -> str:
    folded = text.casefold().replace("’", "'").strip(" \t\n\"'*-")
    return _SPACES.sub(" ", folded).rstrip(".")
