"""Batch jobs as they are sent, run and fetched.

One at a time is run, in a thread, with the rights that its user has at that moment; each finished
question is on the disk before the next, so that a job goes on where a kill left it. The answering
itself is `Expert.batch`. Knows no HTTP.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from filelock import FileLock, Timeout

from pakar.config import Batches
from pakar.errors import PakarError
from pakar.expert import Expert
from pakar.flows.batch import BatchProgress, BatchRequest, Sight, prepared
from pakar.flows.batch_rows import BatchReport
from pakar.server.access.view import View
from pakar.server.access.visitor import Visitor
from pakar.server.batches import webhook
from pakar.server.batches.files import FOLDER, Form, JobFiles
from pakar.server.batches.telling import Teller
from pakar.server.problems import RequestError
from pakar.server.storage.batches import BatchRecord, BatchRows, new_id

_LOOK_EVERY = 30.0
_JOIN_SECONDS = 5.0
_KEEP_EVERY = 1.0
_MOST_FAILURES = 1_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a job shall be answered; `sent` is the ending of its file of rows."""

    sent: str
    form: Form
    route: str | None = None
    column: str = "question"
    answer: bool = True
    nearest: bool = False
    webhook: str = ""


@dataclass(frozen=True, slots=True)
class House:
    """What the desk needs of the server: the user of an id, None where it is gone, and the expert
    as a visitor sees it."""

    expert: Expert
    who: Callable[[int], Visitor | None]
    view: Callable[[Visitor], View]


class _StoppedError(Exception):
    """The job was cancelled, or the server ends."""


class _OtherRightsError(Exception):
    """The user may read more or less than when the job began."""


class BatchDesk:
    """The jobs of one server."""

    def __init__(self, house: House, rows: BatchRows, settings: Batches) -> None:
        self._house = house
        self._rows = rows
        self._settings = settings
        self._folder = house.expert.folder / FOLDER
        self._teller = Teller(rows, settings, house.expert.folder)
        self._news = threading.Event()
        self._closing = threading.Event()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    # For those who send jobs -------------------------------------------------------------------

    def send(self, view: View, wanted: Wanted, keep: Callable[[JobFiles], None]) -> BatchRecord:
        """A new job; `keep` puts its rows and its schema into the files.

        Raises RequestError for what cannot be answered, and nothing of it is kept then.
        """
        if wanted.webhook:
            webhook.checked(wanted.webhook, self._settings)
            webhook.secret(self._settings, self._house.expert.folder)
        if wanted.route:
            view.require_route(wanted.route)
        key = new_id()
        files = JobFiles(self._folder / key, wanted.sent, wanted.form)
        try:
            keep(files)
            count = self._checked(files, wanted)
            asked = {**asdict(wanted), "rows": count}
            asked.pop("webhook")
            record = self._rows.add(
                key, view.visitor.id, asked, wanted.webhook, most=self._settings.waiting
            )
        except Exception as error:
            files.remove()
            raise files.explained(error) from error
        self.start()
        return record

    def get(self, user: int, key: str) -> BatchRecord:
        return self._rows.get(user, key)

    def all(self, user: int) -> tuple[BatchRecord, ...]:
        return self._rows.all(user)

    def cancel(self, user: int, key: str) -> BatchRecord:
        """Stops it before its next question."""
        record = self._rows.cancel(user, key)
        self._wake()
        return record

    def resume(self, user: int, key: str) -> BatchRecord:
        """Goes on with a job that was cancelled, or asks again what failed."""
        record = self._rows.resume(user, key, most=self._settings.waiting)
        self.start()
        return record

    def delete(self, user: int, key: str) -> None:
        record = self._rows.get(user, key)
        self._rows.delete(user, key)
        self._files(record).remove()

    def results(self, view: View, key: str) -> Path:
        """The file of the answers. Raises RequestError where it is not there yet, or rests on what
        its user may no longer read."""
        record = self._rows.get(view.visitor.id, key)
        found = self._files(record).finished
        if record.state != "done" or found is None:
            raise RequestError(
                f"the job has no results: it is {record.state}",
                status=409,
                code="not_done",
                hint="Ask for its state. One that was cancelled or failed can be resumed.",
            )
        documents = _listed(record.report.get("documents"))
        learned = [
            name for one in _listed(record.report.get("routes")) for name in view.learned(one)
        ]
        if not all(view.may_read(name) for name in (*documents, *learned)):
            raise RequestError(
                "the answers rest on documents that you may not read",
                status=403,
                code="forbidden",
                hint="Send the questions again.",
            )
        return found

    # The thread --------------------------------------------------------------------------------

    def start(self) -> None:
        """Begins to work, where that was not done yet, and looks for what waits."""
        with self._starting:
            if self._thread is None and not self._closing.is_set():
                self._thread = threading.Thread(target=self._work, name="batches", daemon=True)
                self._thread.start()
                self._teller.start()
        self._wake()

    def close(self) -> None:
        """Ends between two questions; what runs goes on when the server is started again."""
        self._closing.set()
        self._wake()
        with self._starting:
            if self._thread is not None:
                self._thread.join(_JOIN_SECONDS)
                self._teller.close()

    def _wake(self) -> None:
        self._news.set()

    def _work(self) -> None:
        self._folder.mkdir(mode=0o700, exist_ok=True)
        # Of two servers of one expert, one runs the jobs.
        lock = FileLock(self._folder / ".lock")
        try:
            while not self._closing.is_set():
                with suppress(Timeout), lock.acquire(timeout=1.0):
                    self._work_on()
        except Exception:
            # The database is closed before an answer that is just being written has ended.
            if not self._closing.is_set():
                raise

    def _work_on(self) -> None:
        while not self._closing.is_set():
            self._news.clear()
            record = self._rows.next()
            if record is not None:
                self._run(record)
                continue
            self._teller.wake()
            self._sweep()
            self._news.wait(_LOOK_EVERY)

    def _run(self, record: BatchRecord) -> None:
        if not self._rows.begin(record.id):
            return
        files = self._files(record)
        try:
            report = self._answered(record, files)
        except _StoppedError:
            return
        except Exception as error:
            problem = files.explained(error)
            said = f"{problem}. {problem.hint}".strip()
            self._rows.finish(record.id, "failed", {**record.report, "problem": said})
        else:
            self._rows.finish(record.id, "done", report)
        self._teller.wake()

    def _answered(self, record: BatchRecord, files: JobFiles) -> dict[str, object]:
        """Begins anew where the user's rights change: what others allowed is not used."""
        while True:
            visitor = self._house.who(record.user)
            if visitor is None:
                raise RequestError("its user is gone", status=403, code="forbidden")
            try:
                return self._asked(record, files, visitor)
            except _OtherRightsError:
                continue

    def _asked(self, record: BatchRecord, files: JobFiles, visitor: Visitor) -> dict[str, object]:
        view = self._house.view(visitor)
        kept = 0.0

        def watch(now: BatchProgress) -> None:
            nonlocal kept
            if self._closing.is_set() or not self._rows.is_running(record.id):
                raise _StoppedError
            if _rights(self._house.who(record.user)) != _rights(visitor):
                raise _OtherRightsError
            if time.monotonic() - kept > _KEEP_EVERY:
                kept = time.monotonic()
                self._rows.stands(record.id, {**asdict(now), "rows": record.asked["rows"]})

        request = replace(
            _request(record, files), sight=Sight(view.route, view.may_read), overwrite=True
        )
        # Nobody else opens the same model meanwhile; what cannot be opened is told at its use.
        with view.opening, suppress(PakarError):
            _ = view.expert.embedder, view.expert.model
        done = view.expert.batch(files.source, files.target, request, watch=watch)
        return _report(done)

    def _checked(self, files: JobFiles, wanted: Wanted) -> int:
        """How many rows there are. Raises what `prepared` does, RequestError for too many."""
        request = BatchRequest(
            schema=files.schema, column=wanted.column, answer=wanted.answer, nearest=wanted.nearest
        )
        made, _ = prepared(files.source, request)
        if len(made.rows) > self._settings.most_rows:
            raise RequestError(
                f"{len(made.rows):,} rows; a job may have {self._settings.most_rows:,}",
                status=400,
                code="too_many_rows",
                hint="Send it in parts.",
            )
        return len(made.rows)

    def _files(self, record: BatchRecord) -> JobFiles:
        sent, form = str(record.asked["sent"]), str(record.asked["form"])
        return JobFiles(self._folder / record.id, sent, form)

    def _sweep(self) -> None:
        """Removes jobs that are old, and files without a job: a user left, a server was killed."""
        limit = datetime.now(UTC) - timedelta(days=self._settings.days)
        for one in self._rows.ended_before(limit.isoformat(timespec="microseconds")):
            self.delete(one.user, one.id)
        known = self._rows.known()
        for folder in self._folder.iterdir():
            if folder.is_dir() and folder.name not in known and _is_old(folder):
                JobFiles(folder, "", "").remove()


def _request(record: BatchRecord, files: JobFiles) -> BatchRequest:
    asked = record.asked
    route = asked["route"]
    return BatchRequest(
        route=None if route is None else str(route),
        schema=files.schema,
        column=str(asked["column"]),
        answer=bool(asked["answer"]),
        nearest=bool(asked["nearest"]),
    )


def _report(done: BatchReport) -> dict[str, object]:
    return {
        "rows": done.rows,
        "done": done.asked + done.known,
        "total": done.asked + done.known,
        "known": done.known,
        "failed": len(done.failed),
        "review": done.review,
        "failures": [asdict(one) for one in done.failed[:_MOST_FAILURES]],
        "notes": list(done.notes),
        "documents": list(done.rest_on.documents),
        "routes": list(done.rest_on.routes),
    }


def _rights(visitor: Visitor | None) -> object:
    return None if visitor is None else (visitor.role, visitor.labels)


def _listed(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else []


def _is_old(folder: Path) -> bool:
    """Not one that another server is just making."""
    return time.time() - folder.stat().st_mtime > 3600
