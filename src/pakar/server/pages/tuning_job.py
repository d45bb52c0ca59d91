"""A training as a job: where it stands, and its losses so far."""

from __future__ import annotations

from dataclasses import dataclass

from pakar.expert import Expert
from pakar.flows.tuning import Watcher
from pakar.ports import Progress
from pakar.server.pages.jobs import Job
from pakar.server.pages.loss_curve import Point
from pakar.training.preflight import Check, Preflight
from pakar.types import Adapter, Method

KIND = "training"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to train. `minutes` is None for the settings' time."""

    method: Method
    minutes: float | None = None
    resume: bool = False


@dataclass(frozen=True, slots=True)
class Course:
    """What is known of a run so far."""

    checks: tuple[Check, ...] = ()
    standing: Progress | None = None
    points: tuple[Point, ...] = ()

    @property
    def seconds_left(self) -> float | None:
        """At the pace so far; a run that was gone on from counts its own steps only."""
        now = self.standing
        if now is None or not now.steps_done:
            return None
        return now.seconds / now.steps_done * (now.steps - now.step)


def train(expert: Expert, wanted: Wanted, job: Job) -> Adapter:
    """Trains; the job can be stopped, and the run gone on with later."""
    course = Course()

    def checks(looked: Preflight) -> None:
        nonlocal course
        course = Course(tuple(looked.checks))
        job.stands(course)

    def progress(now: Progress) -> None:
        nonlocal course
        point = (now.step, now.loss, now.held_out)
        course = Course(course.checks, now, (*course.points, point))
        job.stands(course)

    watcher = Watcher(stage=job.tell, checks=checks, progress=progress)
    return expert.train(
        wanted.method,
        minutes=wanted.minutes,
        resume=wanted.resume,
        watcher=watcher,
        on_wait=job.tell,
    )
