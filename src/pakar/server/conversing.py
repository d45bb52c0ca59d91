"""Conversations that are kept: an answer is on the disk before its end is shown, and is shown again
only while its reader may read all that it rests on.

Puts answering, storage and access together; knows no HTTP.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass, replace

from pakar.server.access.view import View
from pakar.server.answering import Asked, answering
from pakar.server.lanes import Lanes
from pakar.server.storage.conversations import Conversations, Turn
from pakar.types import Answer, Message

# More turns than these find no room in any prompt.
_MOST_TURNS = 20


@dataclass(frozen=True, slots=True)
class Kept:
    """A whole answer, and where it is kept."""

    conversation: str
    turn: str
    answer: Answer


@dataclass(frozen=True, slots=True)
class Shown:
    """A turn as its reader may see it. `withheld`: the labels of a document that the answer rests
    on are no longer the reader's, so that only their own question is left of it."""

    id: str
    question: str
    answer: str
    details: Mapping[str, object]
    created: str
    withheld: bool


@dataclass(frozen=True, slots=True)
class Talk:
    """Where conversations are kept, and the lanes in which answers are written."""

    lanes: Lanes
    conversations: Conversations

    def ask(
        self, view: View, asked: Asked, conversation: str = ""
    ) -> AsyncGenerator[str | Kept, None]:
        """Pieces as they are written, then the kept answer. "" begins a new conversation.

        Raises BusyError at the call; SourceError, where the events are read, for a conversation
        that there is not.
        """
        return self._answered(view, asked, conversation)

    def shown(self, view: View, conversation: str) -> tuple[Shown, ...]:
        """The turns of a conversation, the oldest first. Raises SourceError for one of another
        user as for one that there is not."""
        turns = self.conversations.turns(view.visitor.id, conversation)
        return tuple(_shown(view, turn) for turn in turns)

    async def _answered(
        self, view: View, asked: Asked, conversation: str
    ) -> AsyncGenerator[str | Kept, None]:
        before: Sequence[Turn] = ()
        if conversation:
            before = await asyncio.to_thread(self._before, view, conversation)
        events = answering(self.lanes, view, replace(asked, history=_messages(before)))
        async with aclosing(events):
            async for one in events:
                if isinstance(one, Answer):
                    yield await asyncio.to_thread(
                        self._keep, view, asked.question, one, (conversation, before)
                    )
                else:
                    yield one

    def _before(self, view: View, conversation: str) -> tuple[Turn, ...]:
        """What the model may be reminded of: nothing that its reader may no longer read."""
        turns = self.conversations.turns(view.visitor.id, conversation)
        return tuple(turn for turn in turns if _is_open(view, turn))[-_MOST_TURNS:]

    def _keep(
        self, view: View, question: str, answer: Answer, before: tuple[str, Sequence[Turn]]
    ) -> Kept:
        conversation, turns = before
        user = view.visitor.id
        key = conversation or self.conversations.begin(user, question)
        documents = rests_on(view, answer) | {name for turn in turns for name in turn.documents}
        turn = self.conversations.append(
            user, key, (question, answer.text), details(answer), sorted(documents)
        )
        return Kept(key, turn, answer)


def rests_on(view: View, answer: Answer) -> set[str]:
    """The documents that an answer may have words of."""
    return {*answer.documents, *view.learned(answer.route)}


def details(answer: Answer) -> dict[str, object]:
    """What is kept of an answer beside its text."""
    return {
        "route": answer.route,
        "abstained": answer.abstained,
        "citations": [asdict(one) for one in answer.citations],
        "unsupported": list(answer.unsupported),
        "notes": list(answer.notes),
        "timings": asdict(answer.timings),
        "computation": None if answer.computation is None else asdict(answer.computation),
    }


def _messages(turns: Sequence[Turn]) -> tuple[Message, ...]:
    said: list[Message] = []
    for turn in turns:
        said += [Message("user", turn.question), Message("assistant", turn.answer)]
    return tuple(said)


def _is_open(view: View, turn: Turn) -> bool:
    return all(view.may_read(name) for name in turn.documents)


def _shown(view: View, turn: Turn) -> Shown:
    if _is_open(view, turn):
        return Shown(turn.id, turn.question, turn.answer, turn.details, turn.created, False)
    return Shown(turn.id, turn.question, "", {}, turn.created, True)
