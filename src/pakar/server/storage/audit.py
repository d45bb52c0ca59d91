"""Who did what and when. Never what was asked or answered."""

from __future__ import annotations

from dataclasses import dataclass

from pakar.server.access.visitor import Visitor
from pakar.server.storage.database import Database, now

_MOST_CHARACTERS = 300
COMMAND_LINE = Visitor(0, "command line", "admin")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line. `object` names what it was done to, `outcome` is "ok" or why it was not done."""

    at: str
    user: int
    name: str
    action: str
    object: str
    outcome: str


class Audit:
    """The log of one server; nothing takes entries out of it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def note(self, who: Visitor, action: str, what: str = "", outcome: str = "ok") -> None:
        """Written before it returns, so that a kill does not lose it."""
        with self._database.writing() as rows:
            rows.execute(
                "INSERT INTO audit (at, user, name, action, object, outcome) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                (now(), who.id, who.name, action, what[:_MOST_CHARACTERS], outcome),
            )

    def latest(self, limit: int = 100) -> tuple[Entry, ...]:
        """The newest entries, the newest first."""
        with self._database.reading() as rows:
            found = rows.execute("SELECT * FROM audit ORDER BY id DESC LIMIT ?", (limit,))
            return tuple(Entry(*tuple(one)[1:]) for one in found)
