"""Held-out questions drafted from the documents themselves, and marked so.

Pairs that stand in the documents are turned into questions, without a model, or a model writes
them. They favour the method that drafted them, so every verdict that rests on them says so. What
is drafted is held out from then on: examples that repeat it are not learned.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterable

from pakar.errors import ConfigError
from pakar.evaluation.question_import import Imported, add_questions
from pakar.evaluation.questions import Question
from pakar.flows.generation import Writer
from pakar.flows.index_in_force import retriever
from pakar.flows.indexed import documents
from pakar.flows.workplace import Workplace
from pakar.training.extract import extract
from pakar.types import Document, Example

WAYS = ("extract", "model")
Progress = Callable[[int, int], None]
# A reference of fewer words is hardly an answer, and of more no short one.
_FEWEST_WORDS, _MOST_WORDS = 2, 60


def draft(
    place: Workplace, count: int, *, by: str = "extract", progress: Progress | None = None
) -> Imported:
    """Adds at most `count` drafted questions to questions.jsonl.

    `by` is "extract" or "model". Raises ConfigError for another one, and where nothing could be
    drafted.
    """
    if by not in WAYS:
        raise ConfigError(f"--by {by!r} is unknown", hint=f"Known: {', '.join(WAYS)}.")
    if by == "extract":
        made = extracted(documents(place), count, place.config.training.seed)
    else:
        made = _written(place, count, progress)
    if not made:
        raise ConfigError(
            "no question could be drafted from the documents",
            hint="Let a model write them: pakar questions draft --by model. Or write your own: "
            "pakar questions import FILE",
        )
    return add_questions(made, place.questions)


def extracted(documents: Iterable[Document], count: int, seed: int) -> list[Question]:
    """Questions whose answers stand in the documents word for word, spread over the documents."""
    by_document: dict[str, list[Example]] = defaultdict(list)
    for document in documents:
        for one in extract(document):
            if _FEWEST_WORDS <= len(one.answer.split()) <= _MOST_WORDS:
                by_document[document.name].append(one)
    chance = random.Random(seed)
    names = sorted(by_document)
    chance.shuffle(names)
    for pairs in by_document.values():
        chance.shuffle(pairs)
    drawn: list[Example] = []
    while len(drawn) < count and any(by_document.values()):
        drawn += [by_document[name].pop() for name in names if by_document[name]]
    return [_question(one) for one in drawn[:count]]


def _written(place: Workplace, count: int, progress: Progress | None) -> list[Question]:
    writer = Writer(place.model, retriever(place))
    passages = (
        (passage, one.content_hash) for one in documents(place) for passage in place.split(one)
    )
    return [_question(one) for one in writer.write(passages, (), count, progress).examples]


def _question(example: Example) -> Question:
    return Question(
        id="",
        question=example.question,
        answers=(example.answer,),
        documents=tuple(dict.fromkeys(source.document for source in example.sources)),
        type="drafted",
        drafted=True,
    )
