"""Documents on their way into the index: what waits, what is being read, what came of it."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from pakar.expert import Expert
from pakar.index.build import Progress
from pakar.server.access.visitor import Visitor
from pakar.server.pages.jobs import Job, Jobs, StoppedError
from pakar.server.problems import RequestError
from pakar.types import AddReport

KIND = "adding"


@dataclass(frozen=True, slots=True)
class Step:
    """How far it is. `current` is the document in work."""

    done: int
    total: int
    passages: int
    current: str


class Adding:
    """Takes files in one after another; those that come meanwhile follow in the same job."""

    def __init__(self, expert: Expert, jobs: Jobs) -> None:
        self._expert = expert
        self._jobs = jobs
        self._waiting: list[tuple[Path, str]] = []
        self._lock = threading.Lock()

    def want(self, names: list[str], who: Visitor) -> None:
        """Adds the documents of these names soon. Returns at once."""
        with self._lock:
            self._waiting += [(self._expert.folder / name, who.name) for name in names]
        self._begin()

    def _begin(self) -> None:
        """Starts a job for what waits. One that runs takes it, or begins another at its end."""
        with self._lock:
            who = self._waiting[0][1] if self._waiting else None
        if who is not None:
            with suppress(RequestError):
                self._jobs.start(KIND, who, self._work, self._begin)

    def _work(self, job: Job) -> AddReport:
        report = AddReport()
        try:
            while files := self._taken():
                found = self._expert.add(*files, progress=_telling(job), on_wait=job.tell)
                report = _joined(report, found)
        except StoppedError:
            self._taken()
            raise
        return report

    def _taken(self) -> list[Path]:
        with self._lock:
            files, self._waiting = self._waiting, []
        return [file for file, _ in files]


def _telling(job: Job) -> Progress:
    def told(done: int, total: int, passages: int, current: str) -> None:
        job.stands(Step(done, total, passages, current))

    return told


def _joined(one: AddReport, other: AddReport) -> AddReport:
    return replace(
        other,
        added=one.added + other.added,
        updated=one.updated + other.updated,
        unchanged=one.unchanged + other.unchanged,
        removed=one.removed + other.removed,
        failed=one.failed + other.failed,
        warnings=one.warnings + other.warnings,
        passages=one.passages + other.passages,
        seconds=one.seconds + other.seconds,
    )
