"""API keys and the sessions of browsers: secrets that stand for a user, kept as hashes."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pakar.errors import ConfigError
from pakar.server.access import secrets
from pakar.server.access.visitor import Visitor
from pakar.server.storage.database import Database, now
from pakar.server.storage.users import Users


@dataclass(frozen=True, slots=True)
class Key:
    """What is known of a key. `shown` is its beginning; "" in `expires` and `revoked` is never."""

    id: int
    user: str
    name: str
    shown: str
    created: str
    expires: str
    revoked: str


class Keys:
    """The API keys of one server."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._users = Users(database)

    def create(self, user: str, name: str = "", days: float = 0.0) -> tuple[Key, str]:
        """A new key and its secret, which is never shown again. `days` 0: it does not expire.

        Raises ConfigError where there is no such user.
        """
        owner = self._users.named(user)
        secret = secrets.new_key()
        expires = _in(timedelta(days=days)) if days else ""
        with self._database.writing() as rows:
            made = rows.execute(
                "INSERT INTO keys (user, name, hash, shown, created, expires) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                (owner.id, name, secrets.hashed(secret), secrets.shown(secret), now(), expires),
            )
            number = int(made.lastrowid or 0)
        return next(key for key in self.all() if key.id == number), secret

    def all(self) -> tuple[Key, ...]:
        with self._database.reading() as rows:
            found = rows.execute(
                "SELECT keys.*, users.name AS owner FROM keys JOIN users ON users.id = keys.user "
                "ORDER BY keys.id"
            ).fetchall()
        return tuple(_key(one) for one in found)

    def revoke(self, number: int) -> None:
        """From now on it opens nothing. Raises ConfigError where there is no such key."""
        with self._database.writing() as rows:
            done = rows.execute(
                "UPDATE keys SET revoked = ? WHERE id = ? AND revoked = ''", (now(), number)
            )
            if not done.rowcount and not _exists(rows, number):
                raise ConfigError(f"there is no key {number}", hint="See: pakar keys list")

    def visitor(self, secret: str) -> Visitor | str:
        """Who shows this key, or why it opens nothing."""
        wanted = secrets.hashed(secret)
        with self._database.reading() as rows:
            found = rows.execute("SELECT * FROM keys WHERE hash = ?", (wanted,)).fetchone()
        if found is None or not secrets.same(found["hash"], wanted):
            return "this key is not known"
        if found["revoked"]:
            return "this key was revoked"
        if found["expires"] and found["expires"] <= now():
            return f"this key expired on {found['expires'][:10]}"
        user = self._users.by_id(found["user"])
        return user.visitor(found["id"]) if user else "this key is not known"


class Sessions:
    """Who is logged in with a browser."""

    def __init__(self, database: Database, hours: float) -> None:
        self._database = database
        self._users = Users(database)
        self._hours = hours

    def begin(self, user: int) -> str:
        """A new session's token, for the cookie."""
        token = secrets.new_token()
        with self._database.writing() as rows:
            rows.execute("DELETE FROM sessions WHERE expires <= ?", (now(),))
            rows.execute(
                "INSERT INTO sessions VALUES (?, ?, ?)",
                (secrets.hashed(token), user, _in(timedelta(hours=self._hours))),
            )
        return token

    def visitor(self, token: str) -> Visitor | None:
        with self._database.reading() as rows:
            found = rows.execute(
                "SELECT user FROM sessions WHERE hash = ? AND expires > ?",
                (secrets.hashed(token), now()),
            ).fetchone()
        user = None if found is None else self._users.by_id(found["user"])
        return None if user is None else user.visitor()

    def end(self, token: str) -> None:
        with self._database.writing() as rows:
            rows.execute("DELETE FROM sessions WHERE hash = ?", (secrets.hashed(token),))


def _key(found: sqlite3.Row) -> Key:
    return Key(
        found["id"],
        found["owner"],
        found["name"],
        found["shown"],
        found["created"],
        found["expires"],
        found["revoked"],
    )


def _exists(rows: sqlite3.Connection, number: int) -> bool:
    return rows.execute("SELECT 1 FROM keys WHERE id = ?", (number,)).fetchone() is not None


def _in(time: timedelta) -> str:
    return (datetime.now(UTC) + time).isoformat(timespec="microseconds")
