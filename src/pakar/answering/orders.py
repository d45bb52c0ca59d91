"""Keeps orders that stand in documents away from the model, and says that they are there.

A document is data: who writes "ignore the above" in one must not steer an answer. Knows hits; what
such a sentence looks like is known to `pakar.language.instructions`.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import replace

from pakar.language.instructions import instruction_spans
from pakar.types import Answer, Hit

_LEFT_OUT = "[...]"


def without_orders(text: str, language: str) -> str:
    """The text as a model is shown it."""
    spans = instruction_spans(text, language)
    for start, end in reversed(spans):
        text = f"{text[:start]}{_LEFT_OUT}{text[end:]}"
    return text


def noted(pieces: Generator[str, None, Answer]) -> Generator[str, None, Answer]:
    """The same pieces; the answer gets a note where its passages speak to the model."""
    answer = yield from pieces
    documents = _speaking(answer.hits)
    if not documents:
        return answer
    names = ", ".join(documents)
    note = f"{names}: speaks to the model; that was neither shown to it nor quoted"
    return replace(answer, notes=(*answer.notes, note))


def _speaking(hits: Sequence[Hit]) -> list[str]:
    """The documents whose passages hold orders, the best hit's first."""
    found = [
        hit.document
        for hit in hits
        if instruction_spans(f"{hit.passage.context}\n{hit.text}", hit.passage.language)
    ]
    return list(dict.fromkeys(found))
