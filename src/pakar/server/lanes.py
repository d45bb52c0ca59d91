"""Work that waits its turn: so much runs at once, so much may wait, and the rest is sent away.

Knows threads and the event loop, and nothing of what is worked on.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

Piece = TypeVar("Piece", covariant=True)
Sent = TypeVar("Sent")
# Before anything was measured.
_FIRST_GUESS_SECONDS = 5.0
_WEIGHT_OF_NEWEST = 0.2


class Closable(Protocol[Piece]):
    """Pieces of work; closing stops it."""

    def __iter__(self) -> Iterator[Piece]: ...

    def close(self) -> None: ...


class FullError(Exception):
    """No room to wait in. `retry_after` is a guess, in whole seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("too many answers are being written")
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class _End(Generic[Sent]):
    """Ends a stream of pieces, well or with an error."""

    error: BaseException | None = None


class Lanes:
    """`running` pieces of work at once, `waiting` more in line, first come first served."""

    def __init__(self, running: int, waiting: int) -> None:
        self._running = running
        self._room = running + waiting
        self._inside = 0
        self._seconds = _FIRST_GUESS_SECONDS
        self._lock = threading.Lock()
        self._stops: set[threading.Event] = set()
        # Each is called with the last piece of a stream, or with the error that ended it.
        self.listeners: list[Callable[[object], None]] = []
        self._pool = ThreadPoolExecutor(running, thread_name_prefix="answer")

    @property
    def inside(self) -> int:
        """How many run or wait."""
        return self._inside

    def stream(self, begin: Callable[[], Closable[Sent]]) -> AsyncGenerator[Sent, None]:
        """The pieces of `begin()`, made in a lane. Closing it stops the work.

        Raises FullError at the call where there is no room.
        """
        loop = asyncio.get_running_loop()
        arrived: asyncio.Queue[Sent | _End[Sent]] = asyncio.Queue()
        stop = threading.Event()

        def send(piece: Sent | _End[Sent]) -> None:
            # A loop that is closed has nobody left who reads.
            if not loop.is_closed():
                loop.call_soon_threadsafe(arrived.put_nowait, piece)

        work = self._enter(lambda: _work(begin, send, stop), stop)
        return self._received(arrived, work, stop)

    def close(self) -> None:
        """Stops all that still runs and takes in nothing more."""
        with self._lock:
            stops = list(self._stops)
        for stop in stops:
            stop.set()
        self._pool.shutdown(wait=True, cancel_futures=True)

    async def _received(
        self, arrived: asyncio.Queue[Sent | _End[Sent]], work: Future[None], stop: threading.Event
    ) -> AsyncGenerator[Sent, None]:
        last: object = None
        try:
            while True:
                piece = await arrived.get()
                if isinstance(piece, _End):
                    self._ended(last if piece.error is None else piece.error)
                    if piece.error is not None:
                        raise piece.error
                    return
                last = piece
                yield piece
        finally:
            stop.set()
            work.cancel()  # where it still waits; what runs sees `stop`

    def _ended(self, last: object) -> None:
        for listener in self.listeners:
            listener(last)

    def _enter(self, work: Callable[[], None], stop: threading.Event) -> Future[None]:
        with self._lock:
            if self._inside >= self._room:
                raise FullError(self._wait())
            self._inside += 1
            self._stops.add(stop)

        def timed() -> None:
            began = time.perf_counter()
            work()
            spent = time.perf_counter() - began
            self._seconds += _WEIGHT_OF_NEWEST * (spent - self._seconds)

        future = self._pool.submit(timed)
        future.add_done_callback(lambda _: self._leave(stop))
        return future

    def _leave(self, stop: threading.Event) -> None:
        with self._lock:
            self._inside -= 1
            self._stops.discard(stop)

    def _wait(self) -> int:
        """Whole seconds until the line has moved, by how long work took of late."""
        return max(1, min(300, round(self._seconds * self._inside / self._running)))


def _work(
    begin: Callable[[], Closable[Sent]],
    send: Callable[[Sent | _End[Sent]], None],
    stop: threading.Event,
) -> None:
    """Runs in a lane's thread; a generator is closed in the thread that reads it."""
    try:
        if not stop.is_set():
            pieces = begin()
            try:
                for piece in pieces:
                    if stop.is_set():
                        break
                    send(piece)
            finally:
                pieces.close()
    except BaseException as error:
        send(_End(error))
    else:
        send(_End())
