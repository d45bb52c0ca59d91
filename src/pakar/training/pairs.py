"""A question with its answer and the span of the document that the answer was taken from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pakar.training.sections import Line


@dataclass(frozen=True, slots=True)
class Pair:
    """`start` and `end` delimit the answer's lines in the document's text."""

    question: str
    answer: str
    start: int
    end: int


def pair_of(question: str, lines: Sequence[Line]) -> Pair:
    """The lines, without their bullets, as the answer."""
    answer = "\n".join(line.text for line in lines)
    return Pair(question, answer, lines[0].start, lines[-1].end)
