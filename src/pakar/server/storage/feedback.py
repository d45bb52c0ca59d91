"""What users said of answers: right or wrong, a better answer, the source that fits.

Each becomes a candidate for an example elsewhere; `taken` notes which.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pakar.backends.text_tokenizer import printable
from pakar.server.storage.database import Database, now
from pakar.types import Source

Verdict = Literal["up", "down", "none"]


@dataclass(frozen=True, slots=True)
class Remark:
    """What a user says of an answer. `correction` is a better answer, "" for none; `sources` are
    the spans that support it."""

    verdict: Verdict
    correction: str = ""
    sources: tuple[Source, ...] = ()


@dataclass(frozen=True, slots=True)
class Feedback:
    """A remark with what it is about. `documents` are those that the answer rests on; `example` is
    the id of the example that it became, "" before."""

    id: str
    user: int
    turn: str
    question: str
    answer: str
    remark: Remark
    documents: tuple[str, ...]
    created: str
    example: str = ""


class FeedbackStore:
    """The feedback of one server; nothing is deleted."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self,
        user: int,
        turn: str,
        asked: tuple[str, str],
        remark: Remark,
        documents: Sequence[str],
    ) -> str:
        """Keeps a remark on a turn's question and answer; on the disk when it returns."""
        key = secrets.token_urlsafe(16)
        sources = [[one.document, one.content_hash, one.start, one.end] for one in remark.sources]
        with self._database.writing() as rows:
            rows.execute(
                "INSERT INTO feedback (id, user, turn, verdict, question, answer, correction, "
                "sources, documents, created) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    key,
                    user,
                    turn,
                    remark.verdict,
                    *(printable(text) for text in (*asked, remark.correction)),
                    json.dumps(sources),
                    json.dumps(list(documents)),
                    now(),
                ),
            )
        return key

    def waiting(self) -> tuple[Feedback, ...]:
        """What became no example yet, the oldest first."""
        with self._database.reading() as rows:
            found = rows.execute(
                "SELECT * FROM feedback WHERE example = '' ORDER BY created"
            ).fetchall()
        return tuple(_feedback(one) for one in found)

    def all(self) -> tuple[Feedback, ...]:
        """The oldest first."""
        with self._database.reading() as rows:
            found = rows.execute("SELECT * FROM feedback ORDER BY created").fetchall()
        return tuple(_feedback(one) for one in found)

    def taken(self, key: str, example: str) -> None:
        """Notes the example that a remark became."""
        with self._database.writing() as rows:
            rows.execute("UPDATE feedback SET example = ? WHERE id = ?", (example, key))


def _feedback(found: sqlite3.Row) -> Feedback:
    sources = tuple(Source(*values) for values in json.loads(found["sources"]))
    return Feedback(
        found["id"],
        found["user"],
        found["turn"],
        found["question"],
        found["answer"],
        Remark(found["verdict"], found["correction"], sources),
        tuple(json.loads(found["documents"])),
        found["created"],
        found["example"],
    )
