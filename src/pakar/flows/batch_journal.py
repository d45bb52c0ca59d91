"""What a batch has answered so far, one line each beside its output, so that a killed batch goes
on where it was.

A line is known by what was asked and by all that the answer depends on. Knows no routes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pakar.atomic_file import append_line
from pakar.errors import ConfigError
from pakar.evaluation.record import answer_of, answer_row
from pakar.types import Answer


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one question. `answer` is None where none was wanted, or where it failed;
    `error` then says why. `close` names the label fields that nearly were another."""

    answer: Answer | None = None
    fields: Mapping[str, object] | None = None
    close: tuple[str, ...] = ()
    error: str = ""


class BatchJournal:
    """Outcomes by key; failures are not kept, so they are tried again."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, Outcome] = {}
        if path.is_file():
            for line in path.read_bytes().split(b"\n"):
                self._read(line)

    def get(self, key: str) -> Outcome | None:
        return self._known.get(key)

    def add(self, key: str, outcome: Outcome) -> None:
        """It is on the disk when this returns. Raises ConfigError where it cannot be written."""
        if outcome.error:
            return
        self._known[key] = outcome
        row = {
            "key": key,
            "answer": None if outcome.answer is None else answer_row(outcome.answer),
            "fields": None if outcome.fields is None else dict(outcome.fields),
            "close": list(outcome.close),
        }
        try:
            append_line(self._path, json.dumps(row, ensure_ascii=True).encode())
        except OSError as error:
            raise ConfigError(
                f"{self._path}: cannot be written: {error.strerror or error}",
                hint="Check the permissions and the free space, and run it again.",
            ) from error

    def remove(self) -> None:
        self._path.unlink(missing_ok=True)

    def _read(self, line: bytes) -> None:
        try:
            row = json.loads(line)
            answer = None if row["answer"] is None else answer_of(row["answer"])
            self._known[row["key"]] = Outcome(answer, row["fields"], tuple(row["close"]))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return  # cut off by a kill


def key_of(question: str, fingerprint: str) -> str:
    """Equal for the same words under the same conditions."""
    text = f"{fingerprint}\x00{question}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
