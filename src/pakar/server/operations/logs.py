"""One line of JSON for each event. Never what was asked, answered or uploaded.

An unexpected error is logged with its type and where it happened, without its message: that may
hold a user's words. PAKAR_DEBUG=1 adds it.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import traceback
from datetime import UTC, datetime

LOGGER = "pakar.server"
FIELDS = "pakar"  # the attribute of a record that holds its fields


class JsonLines(logging.Formatter):
    """Formats records; those of other libraries only with their level and name."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, object] = {"at": at, "level": record.levelname.lower()}
        fields = getattr(record, FIELDS, None)
        line |= fields if isinstance(fields, dict) else {"event": "log", "logger": record.name}
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            line |= _where(error)
        if os.environ.get("PAKAR_DEBUG"):
            line["message"] = record.getMessage()
        return json.dumps(line)


def log(event: str, **fields: str | int | float) -> None:
    """One event. Its fields hold no content."""
    logging.getLogger(LOGGER).info(event, extra={FIELDS: {"event": event, **fields}})


def to_stderr() -> None:
    """Sends the server's events, and what other libraries warn of, to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger(LOGGER).setLevel(logging.INFO)


def _where(error: BaseException) -> dict[str, object]:
    frames = traceback.extract_tb(error.__traceback__)
    places = [f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in frames]
    return {"error": type(error).__name__, "where": places[-8:]}
