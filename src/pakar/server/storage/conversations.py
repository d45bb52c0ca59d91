"""Conversations: questions with their answers, and the documents that each answer rests on.

Knows rows; who may see a turn is decided where it is read (`pakar.server.conversing`).
"""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pakar.backends.text_tokenizer import printable
from pakar.errors import SourceError
from pakar.server.storage.database import Database, now

_TITLE_CHARACTERS = 80


@dataclass(frozen=True, slots=True)
class Conversation:
    id: str
    title: str
    created: str
    updated: str


@dataclass(frozen=True, slots=True)
class Turn:
    """A question with its answer. `documents` are all that the answer may have words of: found
    passages, what the adapter learned from, and those of the turns that the model was shown.
    `details` holds the route, citations and the like, as JSON values."""

    id: str
    question: str
    answer: str
    details: Mapping[str, object]
    documents: tuple[str, ...]
    created: str


class Conversations:
    """The conversations of one server, each of one user."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, user: int, question: str) -> str:
        """A new one, called by its first question. Gives its id, which nobody can guess."""
        key = secrets.token_urlsafe(16)
        with self._database.writing() as rows:
            at = now()
            title = printable(" ".join(question.split())[:_TITLE_CHARACTERS])
            rows.execute(
                "INSERT INTO conversations VALUES (?, ?, ?, ?, ?)", (key, user, title, at, at)
            )
        return key

    def append(
        self,
        user: int,
        key: str,
        asked: tuple[str, str],
        details: Mapping[str, object],
        documents: Sequence[str],
    ) -> str:
        """Adds a question with its answer; on the disk when it returns. Gives the turn's id."""
        turn = secrets.token_urlsafe(16)
        question, answer = asked
        with self._database.writing() as rows:
            _require(rows, user, key)
            (position,) = rows.execute(
                "SELECT COUNT(*) FROM turns WHERE conversation = ?", (key,)
            ).fetchone()
            at = now()
            kept = (printable(question), printable(answer), _text(details), _text(documents), at)
            rows.execute(
                "INSERT INTO turns VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (turn, key, position, *kept)
            )
            rows.execute("UPDATE conversations SET updated = ? WHERE id = ?", (at, key))
        return turn

    def all(self, user: int, words: str = "", limit: int = 200) -> tuple[Conversation, ...]:
        """The newest first; with `words`, those in whose questions they stand."""
        like = f"%{printable(words).translate(_ESCAPED)}%"
        with self._database.reading() as rows:
            found = rows.execute(
                "SELECT * FROM conversations WHERE user = ? AND (? = '%%' OR EXISTS (SELECT 1 "
                "FROM turns WHERE conversation = conversations.id AND question LIKE ? "
                "ESCAPE '\\')) ORDER BY updated DESC LIMIT ?",
                (user, like, like, limit),
            ).fetchall()
        return tuple(_conversation(one) for one in found)

    def get(self, user: int, key: str) -> Conversation:
        """Raises SourceError, the same for one of another user."""
        with self._database.reading() as rows:
            return _conversation(_require(rows, user, key))

    def turns(self, user: int, key: str) -> tuple[Turn, ...]:
        """The oldest first. Raises SourceError as `get` does."""
        with self._database.reading() as rows:
            _require(rows, user, key)
            found = rows.execute(
                "SELECT * FROM turns WHERE conversation = ? ORDER BY position", (key,)
            ).fetchall()
        return tuple(_turn(one) for one in found)

    def turn(self, user: int, turn: str) -> Turn:
        """One turn of any conversation of a user. Raises SourceError as `get` does."""
        with self._database.reading() as rows:
            found = rows.execute(
                "SELECT turns.* FROM turns JOIN conversations ON conversations.id = conversation "
                "WHERE turns.id = ? AND user = ?",
                (turn, user),
            ).fetchone()
        if found is None:
            raise SourceError("there is no such answer", hint="It may have been deleted.")
        return _turn(found)

    def delete(self, user: int, key: str) -> None:
        """For good. Raises SourceError as `get` does."""
        with self._database.writing() as rows:
            _require(rows, user, key)
            rows.execute("DELETE FROM conversations WHERE id = ?", (key,))


_ESCAPED = str.maketrans({"%": "\\%", "_": "\\_", "\\": "\\\\"})


def _require(rows: sqlite3.Connection, user: int, key: str) -> sqlite3.Row:
    found: sqlite3.Row | None = rows.execute(
        "SELECT * FROM conversations WHERE id = ? AND user = ?", (key, user)
    ).fetchone()
    if found is None:
        raise SourceError("there is no such conversation", hint="It may have been deleted.")
    return found


def _conversation(found: sqlite3.Row) -> Conversation:
    return Conversation(found["id"], found["title"], found["created"], found["updated"])


def _turn(found: sqlite3.Row) -> Turn:
    return Turn(
        found["id"],
        found["question"],
        found["answer"],
        json.loads(found["details"]),
        tuple(json.loads(found["documents"])),
        found["created"],
    )


def _text(value: object) -> str:
    # ASCII only: a lone surrogate in an answer is no reason to lose the answer.
    return json.dumps(value, ensure_ascii=True)
