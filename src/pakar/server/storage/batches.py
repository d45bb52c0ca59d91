"""Batch jobs: what was asked for, how each stands, and whether a webhook still has to be told.

Knows rows; the questions and answers themselves lie in files beside them (`pakar.server.batches`).
"""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from pakar.errors import SourceError
from pakar.server.problems import RequestError
from pakar.server.storage.database import Database, now

State = Literal["waiting", "running", "done", "failed", "cancelled"]
Telling = Literal["", "waiting", "told", "failed"]
STATES: tuple[State, ...] = get_args(State)


@dataclass(frozen=True, slots=True)
class BatchRecord:
    """One job. `asked` says how it is answered, `report` what is known of it so far; both hold
    JSON values. `webhook` is the address to be told, "" for none, `telling` how that stands, with
    the reason in `telling_problem`."""

    id: str
    user: int
    created: str
    ended: str
    state: State
    asked: Mapping[str, object]
    report: Mapping[str, object]
    webhook: str
    telling: Telling
    telling_problem: str

    @property
    def has_ended(self) -> bool:
        return self.state in ("done", "failed", "cancelled")


def new_id() -> str:
    """Nobody can guess it."""
    return secrets.token_urlsafe(16)


class BatchRows:
    """The jobs of one server, each of one user."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self, key: str, user: int, asked: Mapping[str, object], webhook: str, *, most: int
    ) -> BatchRecord:
        """A new job. Raises RequestError (429) where `most` of the user's wait or run."""
        with self._database.writing() as rows:
            _require_room(rows, user, most)
            rows.execute(
                "INSERT INTO batches (id, user, created, state, asked, webhook) "
                "VALUES (?, ?, ?, 'waiting', ?, ?)",
                (key, user, now(), _text(asked), webhook),
            )
        return self.get(user, key)

    def get(self, user: int, key: str) -> BatchRecord:
        """Raises SourceError, the same for one of another user."""
        with self._database.reading() as rows:
            return _record(_require(rows, user, key))

    def all(self, user: int, limit: int = 200) -> tuple[BatchRecord, ...]:
        """Those of a user, the newest first."""
        return self._found("user = ? ORDER BY created DESC LIMIT ?", (user, limit))

    def next(self) -> BatchRecord | None:
        """What is to be run: what a server that ended was at, else the oldest that waits."""
        found = self._found(
            "state IN ('running', 'waiting') ORDER BY state = 'waiting', created LIMIT 1", ()
        )
        return found[0] if found else None

    def untold(self) -> tuple[BatchRecord, ...]:
        """Those that ended and whose webhook waits to be told."""
        return self._found("telling = 'waiting' ORDER BY ended", ())

    def ended_before(self, moment: str) -> tuple[BatchRecord, ...]:
        return self._found("ended != '' AND ended < ?", (moment,))

    def known(self) -> frozenset[str]:
        """The ids of all."""
        with self._database.reading() as rows:
            return frozenset(one["id"] for one in rows.execute("SELECT id FROM batches"))

    def begin(self, key: str) -> bool:
        """Whether it may run now: not where it was cancelled meanwhile."""
        return self._moved(key, "running", ("waiting", "running"))

    def is_running(self, key: str) -> bool:
        return bool(self._found("id = ? AND state = 'running'", (key,)))

    def stands(self, key: str, report: Mapping[str, object]) -> None:
        """Keeps how far it is."""
        with self._database.writing() as rows:
            rows.execute(
                "UPDATE batches SET report = ? WHERE id = ? AND state = 'running'",
                (_text(report), key),
            )

    def finish(self, key: str, state: State, report: Mapping[str, object]) -> bool:
        """Ends a job that runs; False where it was cancelled meanwhile."""
        with self._database.writing() as rows:
            done = rows.execute(
                "UPDATE batches SET state = ?, report = ?, ended = ?, telling = "
                "CASE webhook WHEN '' THEN '' ELSE 'waiting' END "
                "WHERE id = ? AND state = 'running'",
                (state, _text(report), now(), key),
            )
            return done.rowcount > 0

    def cancel(self, user: int, key: str) -> BatchRecord:
        """It is not asked on, also not after a restart. Nothing happens to one that has ended.

        Raises SourceError as `get` does.
        """
        with self._database.writing() as rows:
            _require(rows, user, key)
            rows.execute(
                "UPDATE batches SET state = 'cancelled', ended = ?, telling = "
                "CASE webhook WHEN '' THEN '' ELSE 'waiting' END "
                "WHERE id = ? AND state IN ('waiting', 'running')",
                (now(), key),
            )
        return self.get(user, key)

    def resume(self, user: int, key: str, *, most: int) -> BatchRecord:
        """Lets one that has ended wait again. Raises SourceError as `get` does, RequestError as
        `add` does."""
        with self._database.writing() as rows:
            if not _record(_require(rows, user, key)).has_ended:
                raise RequestError("the job has not ended", status=409, code="running")
            _require_room(rows, user, most)
            rows.execute(
                "UPDATE batches SET state = 'waiting', ended = '', telling = '', "
                "telling_problem = '' WHERE id = ?",
                (key,),
            )
        return self.get(user, key)

    def told(self, key: str, telling: Telling, problem: str = "") -> None:
        with self._database.writing() as rows:
            rows.execute(
                "UPDATE batches SET telling = ?, telling_problem = ? "
                "WHERE id = ? AND telling = 'waiting'",
                (telling, problem, key),
            )

    def delete(self, user: int, key: str) -> None:
        """For good. Raises SourceError as `get` does, RequestError (409) where it has not ended."""
        with self._database.writing() as rows:
            if not _record(_require(rows, user, key)).has_ended:
                raise RequestError(
                    "the job has not ended", status=409, code="running", hint="Cancel it first."
                )
            rows.execute("DELETE FROM batches WHERE id = ?", (key,))

    def _moved(self, key: str, state: State, allowed: Sequence[State]) -> bool:
        marks = ", ".join("?" for _ in allowed)
        with self._database.writing() as rows:
            done = rows.execute(
                f"UPDATE batches SET state = ? WHERE id = ? AND state IN ({marks})",
                (state, key, *allowed),
            )
            return done.rowcount > 0

    def _found(self, where: str, values: Sequence[object]) -> tuple[BatchRecord, ...]:
        with self._database.reading() as rows:
            found = rows.execute(f"SELECT * FROM batches WHERE {where}", tuple(values)).fetchall()
        return tuple(_record(one) for one in found)


def _require_room(rows: sqlite3.Connection, user: int, most: int) -> None:
    (active,) = rows.execute(
        "SELECT COUNT(*) FROM batches WHERE user = ? AND state IN ('waiting', 'running')", (user,)
    ).fetchone()
    if active >= most:
        raise RequestError(
            f"{active} of your jobs wait or run already",
            status=429,
            code="too_many_jobs",
            hint="Wait for one to end, or cancel one.",
        )


def _require(rows: sqlite3.Connection, user: int, key: str) -> sqlite3.Row:
    found: sqlite3.Row | None = rows.execute(
        "SELECT * FROM batches WHERE id = ? AND user = ?", (key, user)
    ).fetchone()
    if found is None:
        raise SourceError("there is no such job", hint="It may have been deleted.")
    return found


def _record(found: sqlite3.Row) -> BatchRecord:
    return BatchRecord(
        found["id"],
        found["user"],
        found["created"],
        found["ended"],
        found["state"],
        json.loads(found["asked"]),
        json.loads(found["report"]),
        found["webhook"],
        found["telling"],
        found["telling_problem"],
    )


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=True)
