"""Examples that give away a held-out question: what is examined must not be what was learned.

An example leaks if it asks a held-out question in the same, nearly the same or other words, or if
it teaches what the reference answer says. Knows questions, answers and an embedding function that
is passed in; nothing of files.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from pakar.language.near import jaccard, pieces
from pakar.language.terms import content_terms
from pakar.ports import Vectors
from pakar.training.identity import normalised
from pakar.training.overlap import coverage
from pakar.types import Example

How = Literal["same question", "nearly the same question", "same question in other words",
              "same fact"]  # fmt: skip
Embed = Callable[[Sequence[str]], Vectors]

NEAR = 0.65
# Share of the smaller answer's content words that stands in the other, and the fewest words that
# make this mean something.
SAME_FACT = 0.9
_LEAST_TERMS = 5
# Beside a paraphrased question, a looser agreement of the answers is enough.
AGREES = 0.7


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Cosines of questions: from `likely` on the answers decide, from `certain` on nothing else."""

    likely: float
    certain: float


# By embedder, for cosines are comparable within one only. Calibrated on ZX Bank with 16 hand-made
# paraphrases of held-out questions: 15 reach 0.94. Of the 24,416 pairs of a curated and a held-out
# question 222 do so too, and of these the answers agree in one, which is a paraphrase. Between
# 0.97 and 0.985 stand pairs such as "a personal loan" and "a business loan".
CALIBRATED = {"bundled:multilingual-e5-small": Thresholds(0.94, 0.985)}


@dataclass(frozen=True, slots=True)
class HeldOut:
    """A held-out question and its reference answers."""

    question: str
    answers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Leak:
    """An example's number, the held-out question that it gives away, and how."""

    number: int
    question: str
    how: How


def leaks(
    examples: Sequence[Example],
    held_out: Sequence[HeldOut],
    embed: Embed | None = None,
    thresholds: Thresholds | None = None,
) -> list[Leak]:
    """At most one leak an example, the plainest first. Without `embed` no cosines are asked."""
    asked = [(normalised(one.question), pieces(one.question), one) for one in held_out]
    cosines = _cosines(examples, held_out, embed if thresholds is not None else None)
    terms: dict[str, list[frozenset[str]]] = {}
    found = []
    for number, example in enumerate(examples):
        language = example.language
        if language not in terms:
            terms[language] = [_references(one, language) for one in held_out]
        answer = frozenset(content_terms(example.answer, language))
        leak = _wording(number, example, asked) if example.form == "plain" else None
        for place, one in enumerate(held_out):
            if leak is not None:
                break
            cosine = float(cosines[number, place]) if cosines is not None else 0.0
            how = _how(answer, terms[language][place], cosine, thresholds)
            leak = Leak(number, one.question, how) if how else None
        if leak is not None:
            found.append(leak)
    return found


def _wording(
    number: int, example: Example, asked: Sequence[tuple[str, frozenset[str], HeldOut]]
) -> Leak | None:
    same, near = normalised(example.question), pieces(example.question)
    for question, _, one in asked:
        if question == same:
            return Leak(number, one.question, "same question")
    for _, parts, one in asked:
        if jaccard(near, parts) >= NEAR and not _ask_of_others(example.question, one.question):
            return Leak(number, one.question, "nearly the same question")
    return None


def _ask_of_others(one: str, other: str) -> bool:
    """Whether each of two questions names somebody or something that the other does not."""
    names, others = _names(one), _names(other)
    return bool(names - others) and bool(others - names)


def _names(question: str) -> set[str]:
    """Numbers, and words with a capital that do not begin the question."""
    found = [word.strip("?.,;:\"'()") for word in question.split()]
    return {word for word in found[1:] if word[:1].isupper() or word[:1].isdigit()}


def _how(
    answer: frozenset[str], reference: frozenset[str], cosine: float, known: Thresholds | None
) -> How | None:
    covered = coverage(reference, answer)
    if known is not None and (
        cosine >= known.certain or (cosine >= known.likely and covered >= AGREES)
    ):
        return "same question in other words"
    smaller, larger = sorted((reference, answer), key=len)
    if len(smaller) >= _LEAST_TERMS and coverage(smaller, larger) >= SAME_FACT:
        return "same fact"
    return None


def _references(held_out: HeldOut, language: str) -> frozenset[str]:
    return frozenset(content_terms(" ".join(held_out.answers), language))


def _cosines(
    examples: Sequence[Example], held_out: Sequence[HeldOut], embed: Embed | None
) -> Vectors | None:
    if embed is None or not held_out or not examples:
        return None
    questions = embed([one.question or one.answer[:400] for one in examples])
    product: Vectors = np.asarray(questions @ embed([one.question for one in held_out]).T)
    return product
