"""Builds the messages that a model gets, so that they fit its context by count.

Knows wording, passages and a token counter. Passages enter in the order of their rank until the
room is used up, and are shown in reading order. None is cut, except when the first alone is too
long: then it is cut after a whole sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from pakar.answering.orders import without_orders
from pakar.answering.wording import Wording
from pakar.errors import PromptTooLongError
from pakar.language.sentences import sentence_spans
from pakar.types import Hit, Message

CountTokens = Callable[[Sequence[Message]], int]
# What was said before may take this share of the room, so that passages keep the rest.
_HISTORY_SHARE = 0.3


@dataclass(frozen=True, slots=True)
class Prompt:
    """The messages, the hits that they show, and how many hits found no room."""

    messages: tuple[Message, ...]
    hits: tuple[Hit, ...] = ()
    left_out: int = 0


def base_prompt(
    question: str,
    history: Sequence[Message],
    *,
    wording: Wording,
    count_tokens: CountTokens,
    room: int,
) -> Prompt:
    """A question without passages. `room` is in tokens: the context less the answer."""
    kept = _recent(history, wording.base, question, count_tokens, room)
    return Prompt(_fitting([_system(wording.base), *kept, _user(question)], count_tokens, room))


def rag_prompt(
    question: str,
    hits: Sequence[Hit],
    history: Sequence[Message],
    *,
    wording: Wording,
    count_tokens: CountTokens,
    room: int,
) -> Prompt:
    """A question with as many of the hits, best first, as find room.

    Raises PromptTooLongError where not even the question fits.
    """

    def messages(shown: Sequence[Hit]) -> list[Message]:
        text = wording.question(question, _numbered(shown))
        return [_system(wording.rag), *kept, _user(text)]

    bare = wording.question(question, "")
    kept = _recent(history, wording.rag, bare, count_tokens, int(room * _HISTORY_SHARE))
    _fitting(messages([]), count_tokens, room)
    shown: list[Hit] = []
    for hit in hits:
        # Counted as it will stand: another order can be other tokens.
        if count_tokens(messages(in_reading_order([*shown, hit]))) > room:
            break
        shown.append(hit)
    if hits and not shown:
        shown = _shortened(hits[0], lambda hit: count_tokens(messages([hit])) <= room)
    return Prompt(
        tuple(messages(in_reading_order(shown))),
        tuple(in_reading_order(shown)),
        left_out=len(hits) - len(shown),
    )


def in_reading_order(hits: Sequence[Hit]) -> list[Hit]:
    """The same hits, those of one document together and in its order, the best document first."""
    rank: dict[str, int] = {}
    for hit in hits:
        rank.setdefault(hit.document, len(rank))
    return sorted(hits, key=lambda hit: (rank[hit.document], hit.start))


def _numbered(hits: Sequence[Hit]) -> str:
    blocks = []
    for number, hit in enumerate(hits, start=1):
        language = hit.passage.language
        context = without_orders(hit.passage.context, language)
        text = without_orders(hit.text, language)
        blocks.append(f"[{number}] {context}\n{text}" if context else f"[{number}] {text}")
    return "\n\n".join(blocks)


def _recent(
    history: Sequence[Message],
    system: str,
    question: str,
    count_tokens: CountTokens,
    room: int,
) -> list[Message]:
    """The last whole exchanges that fit beside the question, beginning with a user's turn."""
    kept: list[Message] = []
    end = len(history)
    while end > 0 and history[end - 1].role != "assistant":
        end -= 1  # a question that got no answer
    for start in range(end - 1, -1, -1):
        if history[start].role != "user":
            continue
        longer = list(history[start:end])
        if count_tokens([_system(system), *longer, _user(question)]) > room:
            break
        kept = longer
    return kept


def _fitting(
    messages: Sequence[Message], count_tokens: CountTokens, room: int
) -> tuple[Message, ...]:
    needed = count_tokens(messages)
    if needed > room:
        raise PromptTooLongError(
            f"the question takes {needed} tokens, but the model has room for {room}",
            hint="Ask a shorter question, or use a model with a longer context.",
        )
    return tuple(messages)


def _shortened(hit: Hit, fits: Callable[[Hit], bool]) -> list[Hit]:
    spans = sentence_spans(hit.text, hit.passage.language)
    for _, end in reversed(spans[:-1]):
        cut = replace(hit, passage=replace(hit.passage, text=hit.text[:end], end=hit.start + end))
        if fits(cut):
            return [cut]
    return []


def _system(text: str) -> Message:
    return Message("system", text)


def _user(text: str) -> Message:
    return Message("user", text)
