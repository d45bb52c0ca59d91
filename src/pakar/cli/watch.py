"""`pakar add --watch`: a line a batch for people, a JSON document a line with --json."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from types import FrameType
from typing import TYPE_CHECKING

from pakar.cli.edge import Edge
from pakar.errors import PakarError
from pakar.types import AddReport

if TYPE_CHECKING:
    from pakar.expert import Expert


def follow(edge: Edge, expert: Expert, folders: Sequence[str], *, poll: bool) -> None:
    """Watches until SIGINT or SIGTERM; a batch in work is finished. A second one ends at once."""
    from pakar.cli import as_json
    from pakar.cli.terminal import show_report
    from pakar.flows.watching import Listener, Pace

    def batch(report: AddReport) -> None:
        edge.line(as_json.report(report))
        edge.say(f"{datetime.now():%H:%M:%S}")
        show_report(edge.progress, report)

    def error(problem: PakarError) -> None:
        edge.line(as_json.error(problem))
        edge.say(f"{datetime.now():%H:%M:%S} Error: {problem} {problem.hint} Trying again.")

    with _stopped_by_signals() as stop:
        edge.say("Watching. Ctrl-C ends it.")
        expert.watch(
            *folders, listener=Listener(batch, error, edge.say), stop=stop, pace=Pace(poll=poll)
        )
    edge.say("Stopped watching.")


@contextmanager
def _stopped_by_signals() -> Iterator[threading.Event]:
    stop = threading.Event()

    def handle(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    kinds = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(kind, handle) for kind in kinds]
    try:
        yield stop
    finally:
        for kind, handler in zip(kinds, before, strict=True):
            signal.signal(kind, handler)
