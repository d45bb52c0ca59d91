"""Question-answer pairs that stand in a document already, found by rules and without a model.

Every answer is verbatim but for bullets, and comes with the span it was taken from. Precise
rather than many: what makes no question that stands on its own is left out. Knows how pairs
become examples; the rules are in `extract_sections` and `extract_facts`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from pakar.training.extract_facts import cells, definitions, labels
from pakar.training.extract_sections import headed, spoken
from pakar.training.identity import answer_fact, example_id, normalised
from pakar.training.pairs import Pair
from pakar.types import Document, Example, Message, Source

MOST_WORDS = 120
# More pairs of one rule and document say little that is new, and drown the other documents.
MOST_ALIKE = 40
_RULES = (spoken, headed, definitions, labels, cells)


def extract(document: Document) -> list[Example]:
    """The pairs of one document, in its order for each rule.

    A question that would have two answers is left out, and of one rule's pairs at most 40 stay,
    evenly spread over the document.
    """
    found: list[Pair] = []
    for rule in _RULES:
        found += _spread([pair for pair in rule(document) if _is_usable(pair)])
    asked = Counter(normalised(pair.question) for pair in found)
    return [
        _example(document, pair)
        for pair in _first(found)
        if asked[normalised(pair.question)] == 1 or _agree(pair, found)
    ]


def _is_usable(pair: Pair) -> bool:
    words = len(pair.answer.split())
    return 0 < words <= MOST_WORDS and any(letter.isalnum() for letter in pair.answer)


def _spread(pairs: list[Pair]) -> list[Pair]:
    if len(pairs) <= MOST_ALIKE:
        return pairs
    return [pairs[number * len(pairs) // MOST_ALIKE] for number in range(MOST_ALIKE)]


def _first(pairs: Iterable[Pair]) -> Iterator[Pair]:
    seen: set[str] = set()
    for pair in pairs:
        key = normalised(pair.question)
        if key not in seen:
            seen.add(key)
            yield pair


def _agree(pair: Pair, pairs: Iterable[Pair]) -> bool:
    key = normalised(pair.question)
    answers = {normalised(one.answer) for one in pairs if normalised(one.question) == key}
    return len(answers) == 1


def _example(document: Document, pair: Pair) -> Example:
    turns = (Message("user", pair.question), Message("assistant", pair.answer))
    return Example(
        id=example_id(turns),
        messages=turns,
        origin="extracted",
        sources=(Source(document.name, document.content_hash, pair.start, pair.end),),
        fact=answer_fact(pair.answer),
        language=document.language,
    )
