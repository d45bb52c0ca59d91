"""What makes examples equal: ids, facts and the hash of a whole set, all derived from content.

Knows no files and no models.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import replace

from pakar.language.sentences import sentence_spans
from pakar.language.terms import words
from pakar.types import Example, Message

# A shorter sentence is a phrase such as "Terms apply." and no fact of its own.
_LEAST_WORDS = 6


def normalised(text: str) -> str:
    """A text without what does not matter for being equal: case, marks, spaces, width."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(words(folded)) or " ".join(folded.split())


def example_id(messages: Sequence[Message]) -> str:
    """Equal for conversations that differ in case, marks and spaces only; 16 hex digits."""
    parts = [f"{turn.role}\x00{normalised(turn.content)}" for turn in messages]
    return _digest("\x01".join(parts))


def answer_fact(answer: str) -> str:
    """The fact of an example of which nothing is known but its answer."""
    return _digest(f"answer\x00{normalised(answer)}")


def data_hash(examples: Iterable[Example]) -> str:
    """Names the content of a set: the same for the same conversations, forms and sources.

    The order, the ids and the state do not count. 64 hex digits (SHA-256).
    """
    rows = sorted(json.dumps(_content(one), ensure_ascii=True) for one in examples)
    return hashlib.sha256("\n".join(rows).encode("ascii")).hexdigest()


def with_shared_facts(examples: Sequence[Example]) -> list[Example]:
    """The same examples; those that teach the same thing get the same `fact`.

    Examples belong together if they share their fact, their question or a whole sentence of the
    answer, directly or through others.
    """
    groups = _Groups(len(examples))
    first: dict[str, int] = {}
    for number, one in enumerate(examples):
        for key in _keys(one):
            groups.join(first.setdefault(key, number), number)
    named = [examples[groups.root(number)] for number in range(len(examples))]
    return [
        replace(one, fact=root.fact or root.id) for one, root in zip(examples, named, strict=True)
    ]


def _keys(example: Example) -> Iterable[str]:
    yield f"fact\x00{example.fact or answer_fact(example.answer)}"
    if example.form == "text":
        return
    if example.form == "plain":
        yield f"question\x00{normalised(example.question)}"
    for start, end in sentence_spans(example.answer, example.language):
        said = words(example.answer[start:end])
        if len(said) >= _LEAST_WORDS:
            yield "sentence\x00" + " ".join(said)


class _Groups:
    """Which of the numbers 0 to n-1 belong together (union-find, the smallest number leads)."""

    def __init__(self, size: int) -> None:
        self._above = list(range(size))

    def root(self, number: int) -> int:
        while self._above[number] != number:
            self._above[number] = self._above[self._above[number]]
            number = self._above[number]
        return number

    def join(self, one: int, other: int) -> None:
        low, high = sorted((self.root(one), self.root(other)))
        self._above[high] = low


def _content(example: Example) -> list[object]:
    turns = [[turn.role, turn.content] for turn in example.messages]
    sources = sorted(
        [one.document, one.content_hash, one.start, one.end] for one in example.sources
    )
    return [example.form, turns, sources]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
