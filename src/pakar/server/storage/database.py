"""server.db: SQLite with a write-ahead log, so that a kill at any moment loses nothing committed.

Knows tables and versions of them; what the rows mean is known by the files beside this one.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from pakar.errors import StoreError

FILE_NAME = "server.db"
_BUSY_SECONDS = 10.0

# Each entry leads from the version before to the next one. Never change one that was released.
_VERSIONS = (
    """
    CREATE TABLE users (
        id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE COLLATE NOCASE,
        role TEXT NOT NULL, password TEXT NOT NULL, created TEXT NOT NULL);
    CREATE TABLE user_labels (
        user INTEGER NOT NULL REFERENCES users(id) ON DELETE CASCADE, label TEXT NOT NULL,
        PRIMARY KEY (user, label)) WITHOUT ROWID;
    CREATE TABLE keys (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        user INTEGER NOT NULL REFERENCES users(id) ON DELETE CASCADE, name TEXT NOT NULL,
        hash TEXT NOT NULL UNIQUE, shown TEXT NOT NULL, created TEXT NOT NULL,
        expires TEXT NOT NULL, revoked TEXT NOT NULL DEFAULT '');
    CREATE TABLE sessions (
        hash TEXT PRIMARY KEY, user INTEGER NOT NULL REFERENCES users(id) ON DELETE CASCADE,
        expires TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE conversations (
        id TEXT PRIMARY KEY, user INTEGER NOT NULL, title TEXT NOT NULL, created TEXT NOT NULL,
        updated TEXT NOT NULL);
    CREATE INDEX conversations_of ON conversations (user, updated);
    CREATE TABLE turns (
        id TEXT PRIMARY KEY,
        conversation TEXT NOT NULL REFERENCES conversations(id) ON DELETE CASCADE,
        position INTEGER NOT NULL, question TEXT NOT NULL, answer TEXT NOT NULL,
        details TEXT NOT NULL, documents TEXT NOT NULL, created TEXT NOT NULL,
        UNIQUE (conversation, position));
    CREATE TABLE feedback (
        id TEXT PRIMARY KEY, user INTEGER NOT NULL, turn TEXT NOT NULL, verdict TEXT NOT NULL,
        question TEXT NOT NULL, answer TEXT NOT NULL, correction TEXT NOT NULL,
        sources TEXT NOT NULL, documents TEXT NOT NULL, created TEXT NOT NULL,
        example TEXT NOT NULL DEFAULT '');
    CREATE INDEX feedback_of ON feedback (created);
    CREATE TABLE audit (
        id INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, user INTEGER NOT NULL,
        name TEXT NOT NULL, action TEXT NOT NULL, object TEXT NOT NULL, outcome TEXT NOT NULL);
    """,
    """
    CREATE TABLE batches (
        id TEXT PRIMARY KEY, user INTEGER NOT NULL, created TEXT NOT NULL,
        ended TEXT NOT NULL DEFAULT '', state TEXT NOT NULL, asked TEXT NOT NULL,
        report TEXT NOT NULL DEFAULT '{}', webhook TEXT NOT NULL DEFAULT '',
        telling TEXT NOT NULL DEFAULT '', telling_problem TEXT NOT NULL DEFAULT '');
    CREATE INDEX batches_of ON batches (user, created);
    """,
)


class Database:
    """One file, a connection for each thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._own = threading.local()
        self._all: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        with _explained(path):
            self._prepare()

    @classmethod
    def beside(cls, folder: Path) -> Database:
        """That of the expert in a folder; made where there is none."""
        return cls(folder / FILE_NAME)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        with _explained(self._path):
            yield self._connection()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it is kept, or nothing."""
        with _explained(self._path):
            connection = self._connection()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.rollback()
                raise
            connection.commit()

    def close(self) -> None:
        """Closes the connections of all threads; none may be used any more."""
        with self._lock:
            for connection in self._all:
                connection.close()
            self._all.clear()

    def _connection(self) -> sqlite3.Connection:
        found: sqlite3.Connection | None = getattr(self._own, "connection", None)
        if found is None:
            found = sqlite3.connect(
                self._path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            found.row_factory = sqlite3.Row
            found.execute("PRAGMA journal_mode = WAL")
            # Committed means on the disk, also when the power fails.
            found.execute("PRAGMA synchronous = FULL")
            found.execute("PRAGMA foreign_keys = ON")
            found.execute("PRAGMA secure_delete = ON")
            self._own.connection = found
            with self._lock:
                self._all.append(found)
        return found

    def _prepare(self) -> None:
        if not self._path.exists():
            # Keys are hashed, but questions are not: nobody else on this machine reads along.
            self._path.touch(mode=0o600)
        connection = self._connection()
        with self.writing():
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version > len(_VERSIONS):
                raise StoreError(
                    f"{self._path} was written by a newer pakar",
                    hint="Use that version, or move the file away.",
                )
            for number, script in enumerate(_VERSIONS[version:], start=version + 1):
                for statement in script.split(";"):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {number}")


def now() -> str:
    """UTC to the microsecond, such that text sorts as time."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.DatabaseError, OSError) as error:
        raise StoreError(
            f"{path}: {error}", hint="Check the disk, the file's rights and its free space."
        ) from error
