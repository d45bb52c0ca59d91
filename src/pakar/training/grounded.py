"""Grounded examples: the question with passages, as serving will show them.

After RAFT (Zhang et al. 2024, arXiv:2403.10131): the passages are those that the real retriever
returns, so the wrong ones among them are its real mistakes. A share is shown without the right
passage and keeps its answer; another share cannot be answered from what is shown, and there the
answer is to say so. Knows how passages are chosen; prompts and search are passed in.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from pakar.errors import PakarError
from pakar.language.terms import content_terms
from pakar.training.contexts import Contexts
from pakar.training.identity import example_id
from pakar.training.overlap import coverage, taught_terms
from pakar.training.serving import Serving
from pakar.types import Example, Hit, Message

Kind = Literal["sourced", "without_source", "unanswerable"]

# Share of the answer's own words that right passages hold together. Below, the answer would be
# learned as something that nobody can read in them.
HOLDS = 0.6
# From this share on, passages are not called passages without the answer. Low, as other words may
# say the same: that is also why no passage of the example's own documents counts as one.
MAY_HOLD = 0.34
NOT_FOUND = "no passage that is found holds the answer"
NO_ROOM = "it finds no room in the model's context"
# The right passage is sought this far down the list: it may be one of the retriever's misses.
_DEPTH = 40


@dataclass(frozen=True, slots=True)
class Mixture:
    """How grounded examples are mixed; shares are of all grounded examples."""

    fewest_passages: int = 1
    without_source: float = 0.0
    unanswerable: float = 0.2


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An example for which no grounded one could be made, and why."""

    id: str
    reason: str


def grounded(
    example: Example, serving: Serving, mixture: Mixture, contexts: Contexts, seed: int
) -> tuple[Example, Kind] | LeftOut:
    """The grounded form of a question-answer pair. The same order and seed give the same.

    The passages are in the order of their rank before the prompt orders them; how many there are
    is drawn evenly between the fewest and the usual number. A pair that answers with ignorance
    keeps that answer, over the passages that are found for it, the best of them at least.
    """
    drawn = random.Random(f"{seed}:{example.id}")
    kind = _drawn_kind(drawn.random(), mixture)
    count = drawn.randint(min(mixture.fewest_passages, serving.passages), serving.passages)
    question, history = example.question, _history(example)
    found = list(serving.search(_sought(question, history), max(_DEPTH, serving.passages)))
    if serving.says_unknown(example.answer):
        shown = contexts.shown_for(found[:1], found[:count])
        return _made(example, "unanswerable", shown, (), serving)
    wanted = taught_terms(question, example.answer, example.language)
    if kind != "sourced":
        without = _without_answer(found, wanted, example, count)
        if without:
            return _made(example, kind, without, (), serving)
    right = _right(found, wanted, example, serving.passages)
    if not right:
        return LeftOut(example.id, NOT_FOUND)
    others = [hit for hit in found if hit not in right][: max(count - len(right), 0)]
    own = [hit for hit in found if hit in right or hit in others]
    needed = right
    if serving.narrowing.most:
        # More sentences than are usually read, where the answer needs them.
        pieces = serving.narrowing.pieces(right)
        needed = _fewest(pieces, wanted, example, len(pieces))
        if not needed:
            return LeftOut(example.id, NOT_FOUND)
    return _made(example, "sourced", contexts.shown_for(right, own), needed, serving)


def with_and_without(
    example: Example, found: Sequence[Hit], most: int
) -> tuple[Sequence[Hit], Sequence[Hit]] | None:
    """The best `most` passages as they are found, and as they would be without those documents
    that hold the answer. None where it is not among the former, or nothing is left.

    A document that is not named as a source may say the same: none where a passage holds so much of
    the answer that it would be taken for the right one counts as a document without it.
    """
    wanted = taught_terms(example.question, example.answer, example.language)
    best = found[:most]
    if not _right(best, wanted, example, most):
        return None
    holding = {source.document for source in example.sources}
    holding |= {hit.document for hit in found if coverage(wanted, _terms(hit, example)) >= HOLDS}
    others = [hit for hit in found if hit.document not in holding][:most]
    return (best, others) if len(others) == most else None


def _drawn_kind(drawn: float, mixture: Mixture) -> Kind:
    if drawn < mixture.unanswerable:
        return "unanswerable"
    return "without_source" if drawn < mixture.unanswerable + mixture.without_source else "sourced"


def _made(
    example: Example, kind: Kind, shown: Sequence[Hit], needed: Sequence[Hit], serving: Serving
) -> tuple[Example, Kind] | LeftOut:
    question = example.question
    answer = serving.unknown(question) if kind == "unanswerable" else example.answer
    history = _history(example)
    read = serving.narrowing.on(_sought(question, history), shown, needed)
    try:
        prompt = serving.with_passages(question, read, history)
    except PakarError:
        return LeftOut(example.id, NO_ROOM)
    if not prompt.hits or not all(_is_within(one, prompt.hits) for one in needed):
        return LeftOut(example.id, NO_ROOM)
    messages = (*prompt.messages, Message("assistant", answer))
    return replace(example, id=example_id(messages), messages=messages, form="grounded"), kind


def _right(found: Sequence[Hit], wanted: frozenset[str], example: Example, most: int) -> list[Hit]:
    """The fewest passages of the example's sources that hold the answer together, best first."""
    candidates = [hit for hit in found if _is_from(hit, example)]
    return _fewest(candidates, wanted, example, most)


def _fewest(
    candidates: Sequence[Hit], wanted: frozenset[str], example: Example, most: int
) -> list[Hit]:
    held: set[str] = set()
    chosen: list[Hit] = []
    while len(chosen) < most and coverage(wanted, held) < 1.0:
        gains = [len(wanted & (_terms(hit, example) - held)) for hit in candidates]
        best = max(gains, default=0)
        if best == 0:
            break
        chosen.append(candidates[gains.index(best)])
        held |= _terms(chosen[-1], example)
    return chosen if coverage(wanted, held) >= HOLDS else []


def _is_within(hit: Hit, shown: Sequence[Hit]) -> bool:
    return any(
        one.document == hit.document and one.start <= hit.start and hit.end <= one.end
        for one in shown
    )


def _without_answer(
    found: Sequence[Hit], wanted: frozenset[str], example: Example, count: int
) -> list[Hit]:
    """The best passages that do not hold the answer, nor do so together."""
    own = {source.document for source in example.sources}
    held: set[str] = set()
    shown: list[Hit] = []
    for hit in found:
        together = held | _terms(hit, example)
        if hit.document not in own and coverage(wanted, together) < MAY_HOLD:
            held = together
            shown.append(hit)
        if len(shown) == count:
            break
    return shown if wanted else []


def _terms(hit: Hit, example: Example) -> set[str]:
    return set(content_terms(f"{hit.passage.context}\n{hit.text}", example.language))


def _is_from(hit: Hit, example: Example) -> bool:
    """Whether a passage is of the example's sources; any is, where it has none."""
    if not example.sources or _spans(hit, example):
        return True
    return any(source.document == hit.document and not source.end for source in example.sources)


def _spans(hit: Hit, example: Example) -> bool:
    return any(
        source.document == hit.document and source.start < hit.end and hit.start < source.end
        for source in example.sources
    )


def _history(example: Example) -> tuple[Message, ...]:
    """The turns before the question, without the system's: serving brings its own."""
    asked = max(number for number, turn in enumerate(example.messages) if turn.role == "user")
    return tuple(turn for turn in example.messages[:asked] if turn.role != "system")


def _sought(question: str, history: Sequence[Message]) -> str:
    before = [turn.content for turn in history if turn.role == "user"]
    return f"{before[-1]} {question}" if before else question
