"""Work that goes on after its request was answered: one job of a kind at a time, watched and
stopped from any page. Knows threads, and nothing of what is worked on.

A job is told to stop where it next says how far it is; all work of pakar may end at any moment.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Literal

from pakar.server.problems import RequestError, problem_of

State = Literal["running", "done", "failed", "stopped"]
_MOST_LINES = 200
_JOIN_SECONDS = 5.0


class StoppedError(Exception):
    """The job was told to stop."""


class Job:
    """One piece of work. `version` grows with everything that it says; `now` is where it stands,
    `result` what came of it."""

    def __init__(self, kind: str, who: str) -> None:
        self.kind = kind
        self.who = who
        self.state: State = "running"
        self.problem: RequestError | None = None
        self.lines: list[str] = []
        self.now: object = None
        self.result: object = None
        self.version = 0
        self._began = time.monotonic()
        self._ended: float | None = None
        self._stop = threading.Event()

    @property
    def seconds(self) -> float:
        """How long it has run."""
        return (self._ended or time.monotonic()) - self._began

    @property
    def is_running(self) -> bool:
        return self.state == "running"

    def tell(self, line: str) -> None:
        """Adds a line on what is being done. Raises StoppedError where it shall stop."""
        self.lines = [*self.lines, line][-_MOST_LINES:]
        self._said()

    def stands(self, now: object) -> None:
        """Says how far it is. Raises StoppedError where it shall stop."""
        self.now = now
        self._said()

    def stop(self) -> None:
        self._stop.set()

    def run(self, work: Callable[[Job], object], after: Callable[[], None] | None) -> None:
        """Does the work in the calling thread, and keeps what came of it; then calls `after`."""
        try:
            self.result = work(self)
            state: State = "done"
        except StoppedError:
            state = "stopped"
        except Exception as error:
            self.problem = problem_of(error)
            state = "failed"
        self._ended = time.monotonic()
        self.state = state
        self.version += 1
        if after is not None:
            after()

    def _said(self) -> None:
        self.version += 1
        if self._stop.is_set():
            raise StoppedError


class Jobs:
    """The newest job of each kind."""

    def __init__(self) -> None:
        self._jobs: dict[str, tuple[Job, threading.Thread]] = {}
        self._lock = threading.Lock()

    def start(
        self,
        kind: str,
        who: str,
        work: Callable[[Job], object],
        after: Callable[[], None] | None = None,
    ) -> Job:
        """`after` is called when the job has ended, however it did.

        Raises RequestError (409) where one of this kind is running.
        """
        with self._lock:
            known = self._jobs.get(kind)
            if known is not None and known[0].is_running:
                raise RequestError(
                    "this is being done already",
                    status=409,
                    code="running",
                    hint="Wait until it has ended, or stop it.",
                )
            job = Job(kind, who)
            thread = threading.Thread(target=job.run, args=(work, after), name=kind, daemon=True)
            self._jobs[kind] = (job, thread)
            thread.start()
        return job

    def of(self, kind: str) -> Job | None:
        found = self._jobs.get(kind)
        return found[0] if found else None

    def close(self) -> None:
        """Stops all, and waits a little for those that are just saying something."""
        for job, _ in self._jobs.values():
            job.stop()
        for _, thread in self._jobs.values():
            thread.join(_JOIN_SECONDS)
