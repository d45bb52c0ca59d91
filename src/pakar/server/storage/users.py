"""Users with their roles, labels and passwords."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pakar.errors import ConfigError
from pakar.server.access.secrets import FEWEST_CHARACTERS, password_fits, password_hash
from pakar.server.access.visitor import ROLES, Role, Visitor
from pakar.server.storage.database import Database, now

_NAME = re.compile(r"[^\s/\\\x00-\x1f\x7f]{1,100}\Z")
_LABEL = re.compile(r"[\w.-]{1,64}\Z")


@dataclass(frozen=True, slots=True)
class User:
    """One user. `id` is never given twice, even after a removal."""

    id: int
    name: str
    role: Role
    labels: tuple[str, ...]
    has_password: bool
    created: str

    def visitor(self, key: int = 0) -> Visitor:
        return Visitor(self.id, self.name, self.role, frozenset(self.labels), key)


class Users:
    """The users of one server."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, name: str, role: str, labels: Iterable[str] = (), password: str = "") -> User:
        """Raises ConfigError for a name that is taken, and for what is no name, role or label.

        Without a password the user can only show keys.
        """
        if not _NAME.match(name):
            raise ConfigError(
                f"{name!r:.100} is no name of a user", hint="Take up to 100 characters, no spaces."
            )
        kept = _checked_password(password)
        try:
            with self._database.writing() as rows:
                made = rows.execute(
                    "INSERT INTO users (name, role, password, created) VALUES (?, ?, ?, ?)",
                    (name, known_role(role), kept, now()),
                )
                _set_labels(rows, int(made.lastrowid or 0), labels)
        except Exception as error:
            if isinstance(error.__cause__, sqlite3.IntegrityError):
                raise ConfigError(
                    f"there is a user {name!r} already", hint="See: pakar users list"
                ) from error
            raise
        return self.named(name)

    def change(
        self,
        name: str,
        *,
        role: str | None = None,
        labels: Sequence[str] | None = None,
        password: str | None = None,
    ) -> User:
        """Changes what is given. What the user may see follows at once; sessions end with a new
        password."""
        user = self.named(name)
        with self._database.writing() as rows:
            if role is not None:
                rows.execute("UPDATE users SET role = ? WHERE id = ?", (known_role(role), user.id))
            if labels is not None:
                _set_labels(rows, user.id, labels)
            if password is not None:
                kept = _checked_password(password)
                rows.execute("UPDATE users SET password = ? WHERE id = ?", (kept, user.id))
                rows.execute("DELETE FROM sessions WHERE user = ?", (user.id,))
        return self.named(name)

    def remove(self, name: str) -> None:
        """With keys, sessions, conversations and batch jobs. Feedback stays, under nobody's
        number."""
        user = self.named(name)
        with self._database.writing() as rows:
            rows.execute("DELETE FROM conversations WHERE user = ?", (user.id,))
            rows.execute("DELETE FROM batches WHERE user = ?", (user.id,))
            rows.execute("DELETE FROM users WHERE id = ?", (user.id,))

    def all(self) -> tuple[User, ...]:
        with self._database.reading() as rows:
            found = rows.execute("SELECT * FROM users ORDER BY name").fetchall()
            return tuple(_user(rows, one) for one in found)

    def named(self, name: str) -> User:
        """Raises ConfigError where there is none of this name."""
        with self._database.reading() as rows:
            found = rows.execute("SELECT * FROM users WHERE name = ?", (name,)).fetchone()
            if found is None:
                raise ConfigError(f"there is no user {name!r:.100}", hint="See: pakar users list")
            return _user(rows, found)

    def by_id(self, number: int) -> User | None:
        with self._database.reading() as rows:
            found = rows.execute("SELECT * FROM users WHERE id = ?", (number,)).fetchone()
            return None if found is None else _user(rows, found)

    def with_password(self, name: str, password: str) -> User | None:
        """The user, if the password is right. Takes as long for a name that there is not."""
        with self._database.reading() as rows:
            found = rows.execute("SELECT * FROM users WHERE name = ?", (name,)).fetchone()
        if not password_fits(password, "" if found is None else found["password"]):
            return None
        return self.by_id(found["id"])


def known_role(role: str) -> Role:
    for known in ROLES:
        if role == known:
            return known
    raise ConfigError(f"there is no role {role!r:.100}", hint=f"Known: {', '.join(ROLES)}.")


def _checked_password(password: str) -> str:
    if password and len(password) < FEWEST_CHARACTERS:
        raise ConfigError(
            f"a password has {FEWEST_CHARACTERS} characters or more", hint="Take a longer one."
        )
    return password_hash(password) if password else ""


def _set_labels(rows: sqlite3.Connection, user: int, labels: Iterable[str]) -> None:
    rows.execute("DELETE FROM user_labels WHERE user = ?", (user,))
    for label in sorted(set(labels)):
        if not _LABEL.match(label):
            raise ConfigError(
                f"{label!r:.100} is no label", hint="Take letters, digits, '.', '_' and '-'."
            )
        rows.execute("INSERT INTO user_labels VALUES (?, ?)", (user, label))


def _user(rows: sqlite3.Connection, found: sqlite3.Row) -> User:
    labels = rows.execute(
        "SELECT label FROM user_labels WHERE user = ? ORDER BY label", (found["id"],)
    )
    return User(
        found["id"],
        found["name"],
        known_role(found["role"]),
        tuple(one["label"] for one in labels),
        bool(found["password"]),
        found["created"],
    )
