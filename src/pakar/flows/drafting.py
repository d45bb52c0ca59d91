"""Held-out questions drafted from the documents themselves, and marked so.

Pairs that stand in the documents are turned into questions, without a model, or a model writes
them. They favour the method that drafted them, so every verdict that rests on them says so. What
is drafted is held out from then on: examples that repeat it are not learned.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from pakar.errors import ConfigError
from pakar.evaluation.question_import import Imported, add_questions
from pakar.evaluation.questions import Question
from pakar.flows.generation import Writer
from pakar.training.extract import extract
from pakar.types import Document, Example, Passage

Progress = Callable[[int, int], None]
# A reference of fewer words is hardly an answer, and of more no short one.
_FEWEST_WORDS, _MOST_WORDS = 2, 60


def extracted(documents: Iterable[Document], count: int, seed: int) -> list[Question]:
    """Questions whose answers stand in the documents word for word, spread over the documents."""
    by_document: dict[str, list[Example]] = defaultdict(list)
    for document in documents:
        for one in extract(document):
            if _FEWEST_WORDS <= len(one.answer.split()) <= _MOST_WORDS:
                by_document[document.name].append(one)
    chance = random.Random(seed)
    for pairs in by_document.values():
        chance.shuffle(pairs)
    names = sorted(by_document)
    chance.shuffle(names)
    drawn: list[Example] = []
    while len(drawn) < count and any(by_document.values()):
        drawn += [by_document[name].pop() for name in names if by_document[name]]
    return [_question(one) for one in drawn[:count]]


def written(
    writer: Writer,
    documents: Iterable[Document],
    split: Callable[[Document], Sequence[Passage]],
    count: int,
    progress: Progress | None = None,
) -> list[Question]:
    """Questions that a model writes about so many passages; those that fail the checks fall."""
    passages = ((passage, one.content_hash) for one in documents for passage in split(one))
    found = writer.write(passages, (), count, progress)
    return [_question(one) for one in found.examples]


def keep(questions: Sequence[Question], target: Path) -> Imported:
    """Adds them to questions.jsonl. Raises ConfigError where nothing could be drafted."""
    if not questions:
        raise ConfigError(
            "no question could be drafted from the documents",
            hint="Let a model write them: pakar questions draft --by model. Or write your own: "
            "pakar questions import FILE",
        )
    return add_questions(questions, target)


def _question(example: Example) -> Question:
    return Question(
        id="",
        question=example.question,
        answers=(example.answer,),
        documents=tuple(dict.fromkeys(source.document for source in example.sources)),
        type="drafted",
        drafted=True,
    )
