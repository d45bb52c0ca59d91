"""From a question to the events of its answer: pieces of text, then the whole answer.

The only place of the server where answers are begun. Knows lanes and routes, and no HTTP.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import dataclass

from pakar.answering.route import AnswerStream
from pakar.answering.wish import AS_SET, Wish
from pakar.server.access.view import View
from pakar.server.lanes import FullError, Lanes
from pakar.server.problems import BusyError
from pakar.types import Answer, Message

Events = AsyncGenerator[str | Answer, None]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with the turns before it. `route` is the one of the settings where it is None."""

    question: str
    history: Sequence[Message] = ()
    route: str | None = None
    wish: Wish = AS_SET


def answering(lanes: Lanes, view: View, asked: Asked) -> Events:
    """Pieces as they are written, the `Answer` last. Closing it stops the model.

    Raises BusyError at the call where no more can wait; what else goes wrong is raised where
    the events are read.
    """

    def begin() -> _ToTheEnd:
        route = view.route(asked.route).wishing(asked.wish)
        return _ToTheEnd(route.stream(asked.question, asked.history))

    try:
        return lanes.stream(begin)
    except FullError as full:
        raise BusyError(full.retry_after) from full


class _ToTheEnd:
    """The pieces of a stream, and its answer behind them."""

    def __init__(self, stream: AnswerStream) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[str | Answer]:
        yield from self._stream
        yield self._stream.answer

    def close(self) -> None:
        self._stream.close()
