"""Question-answer pairs that a language model writes about passages, each one checked.

A pair stays only if it is valid JSON, its answer stands in the passage (words and numbers), and
its question finds that passage again with the real retriever. What the model is told and how it
writes is passed in. Duplicates and leaks are for `clean` to find.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pakar.errors import ExampleError, ModelError
from pakar.language.near import numbers
from pakar.language.terms import content_terms
from pakar.training.identity import answer_fact, example_id
from pakar.training.overlap import coverage
from pakar.training.rows import MOST_CHARACTERS, checked_text
from pakar.training.serving import Search
from pakar.types import Example, Message, Passage, Source

# What a model is held to. The bounds keep a small model from writing into a text until it is cut
# off; they are far beyond a good question and answer.
SCHEMA: Mapping[str, object] = {
    "type": "object",
    "properties": {
        "question": {"type": "string", "maxLength": 240},
        "answer": {"type": "string", "maxLength": 480},
    },
    "required": ["question", "answer"],
    "additionalProperties": False,
}
# Share of the answer's content words that must stand in the passage or in the headings above it.
STANDS = 0.8
FINDS_AMONG = 5
_LEAST_WORDS = 4

Write = Callable[[Passage], str]
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Generated:
    """Pairs that passed, waiting for review; how many were asked for, and why others fell."""

    examples: tuple[Example, ...] = ()
    asked: int = 0
    rejected: Mapping[str, int] = field(default_factory=dict)


def generate(
    passages: Sequence[tuple[Passage, str]],
    write: Write,
    search: Search,
    *,
    progress: Progress | None = None,
) -> Generated:
    """One pair for each passage, given with its document's content hash.

    A passage for which the model fails is counted and does not stop the rest.
    """
    made: list[Example] = []
    rejected: Counter[str] = Counter()
    for number, (passage, content_hash) in enumerate(passages, start=1):
        try:
            question, answer = parse(write(passage))
            problem = _problem(question, answer, passage, search)
        except ExampleError as error:
            problem = str(error)
        except ModelError as error:
            problem = f"the model failed: {error!s:.120}"
        if problem:
            rejected[problem] += 1
        else:
            made.append(_example(question, answer, passage, content_hash))
        if progress is not None:
            progress(number, len(passages))
    return Generated(tuple(made), len(passages), dict(rejected))


def parse(written: str) -> tuple[str, str]:
    """Question and answer of what a model wrote: one JSON object, perhaps in a code fence."""
    text = written.strip()
    if text.startswith("```"):
        text = text.strip("`").removeprefix("json").strip()
    if len(text) > MOST_CHARACTERS:
        raise ExampleError("not valid JSON")
    try:
        row = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ExampleError("not valid JSON") from error
    if not isinstance(row, dict) or set(row) != {"question", "answer"}:
        raise ExampleError("not the keys question and answer")
    question, answer = row["question"], row["answer"]
    if not isinstance(question, str) or not isinstance(answer, str):
        raise ExampleError("question or answer is no text")
    return checked_text(question, "the question"), checked_text(answer, "the answer")


def spread(passages: Iterable[tuple[Passage, str]], most: int) -> list[tuple[Passage, str]]:
    """At most so many passages, evenly over all."""
    listed = list(passages)
    if len(listed) <= most:
        return listed
    return [listed[number * len(listed) // most] for number in range(most)]


def _problem(question: str, answer: str, passage: Passage, search: Search) -> str:
    """Why a pair is not to be trusted; "" where nothing speaks against it."""
    language, held = passage.language, f"{passage.context}\n{passage.text}"
    if len(question.split()) < _LEAST_WORDS or not question.endswith("?"):
        return "no question"
    said = set(content_terms(answer, language))
    if not numbers(answer) <= numbers(held):
        return "the answer has numbers that the passage lacks"
    if coverage(said, set(content_terms(held, language))) < STANDS:
        return "the answer does not stand in the passage"
    if said <= set(content_terms(question, language)):
        return "the answer only repeats the question"
    if not any(_is_there(hit.passage, passage) for hit in search(question, FINDS_AMONG)):
        return "the question does not find the passage again"
    return ""


def _is_there(found: Passage, passage: Passage) -> bool:
    same = found.document == passage.document
    return same and found.start < passage.end and passage.start < found.end


def _example(question: str, answer: str, passage: Passage, content_hash: str) -> Example:
    turns = (Message("user", question), Message("assistant", answer))
    return Example(
        id=example_id(turns),
        messages=turns,
        origin="generated",
        sources=(Source(passage.document, content_hash, passage.start, passage.end),),
        fact=answer_fact(answer),
        language=passage.language,
        state="waiting",
    )
