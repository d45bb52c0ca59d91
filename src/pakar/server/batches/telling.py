"""Tells webhooks that their jobs have ended, until each was told or has refused often enough.

Runs in a thread of its own, so that a receiver that is down holds up no job. What was not told when
the server ended is told after its next start; a receiver knows a message that it had already by its
`webhook-id`.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path

from pakar.config import Batches
from pakar.errors import PakarError
from pakar.server.batches import webhook
from pakar.server.storage.batches import BatchRecord, BatchRows

_LOOK_EVERY = 30.0
_SLOWER = 3.0
_JOIN_SECONDS = 2.0


class Teller:
    """One thread; `wake` when a job has ended."""

    def __init__(self, rows: BatchRows, settings: Batches, folder: Path) -> None:
        self._rows = rows
        self._settings = settings
        self._folder = folder
        self._news = threading.Event()
        self._closing = threading.Event()
        # By id: how often it was tried, and when it is to be tried again.
        self._tried: dict[str, tuple[int, float]] = {}
        self._thread = threading.Thread(target=self._work, name="webhooks", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        self._news.set()

    def close(self) -> None:
        self._closing.set()
        self._news.set()
        if self._thread.is_alive():
            self._thread.join(_JOIN_SECONDS + self._settings.webhook_seconds)

    def _work(self) -> None:
        while not self._closing.is_set():
            self._news.clear()
            wait = self._told_all()
            self._news.wait(wait)

    def _told_all(self) -> float:
        """Tells what is due; gives the seconds until something is again."""
        soonest = time.monotonic() + _LOOK_EVERY
        for one in self._rows.untold():
            tries, due = self._tried.get(one.id, (0, 0.0))
            if due <= time.monotonic() and not self._closing.is_set():
                self._tell(one, tries + 1)
                _, due = self._tried.get(one.id, (0, soonest))
            soonest = min(soonest, due)
        return max(0.0, soonest - time.monotonic())

    def _tell(self, one: BatchRecord, tries: int) -> None:
        outcome = self._called(one)
        if outcome.verdict == "again" and tries < self._settings.webhook_tries:
            wait = self._settings.webhook_wait * _SLOWER ** (tries - 1)
            self._tried[one.id] = (tries, time.monotonic() + wait)
            return
        self._tried.pop(one.id, None)
        is_told = outcome.verdict == "told"
        self._rows.told(one.id, "told" if is_told else "failed", outcome.reason)

    def _called(self, one: BatchRecord) -> webhook.Outcome:
        try:
            # Asked again: the settings may have changed since the job was sent.
            url = webhook.checked(one.webhook, self._settings)
            key = webhook.secret(self._settings, self._folder)
        except PakarError as error:
            return webhook.Outcome("refused", str(error))
        message = f"{one.id}.{one.ended}"
        return webhook.call(url, key, message, payload(one), self._settings.webhook_seconds)


def payload(one: BatchRecord) -> dict[str, object]:
    """What is told of a job: how it ended, and counts."""
    counts = {name: one.report.get(name, 0) for name in ("rows", "failed", "review")}
    data = {"id": one.id, "state": one.state, **counts}
    return {"type": f"batch.{one.state}", "timestamp": one.ended, "data": data}
