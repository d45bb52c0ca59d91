"""A page of a PDF as a picture, drawn in a reading process with a reading process's limits.

Knows how long it may take and what is said where it fails; `pdf_drawing` draws.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from pakar.config import Config
from pakar.documents.workers.messages import Drawing, Drawn
from pakar.documents.workers.process import Worker, WorkerLostError
from pakar.errors import SourceError

_MOST_SECONDS = 30


@dataclass(frozen=True, slots=True)
class PagePicture:
    """A page as PNG, and what is on it."""

    png: bytes
    drawn: Drawn


def page_picture(path: Path, order: Drawing, config: Config) -> PagePicture:
    """Draws a page of a file in a process of its own.

    Raises SourceError where it cannot be drawn, or takes too long or too much memory.
    """
    seconds = min(_MOST_SECONDS, config.reading.seconds)
    reading = config.reading.model_copy(update={"seconds": seconds})
    with tempfile.TemporaryDirectory(prefix="pakar-") as folder:
        try:
            worker = Worker(config.model_copy(update={"reading": reading}), Path(folder))
        except OSError as error:
            raise _not_drawn(order.page, error.strerror or str(error)) from error
        try:
            drawn, png = worker.draw(path, path.name, order)
        except SourceError as error:
            raise _not_drawn(order.page, str(error)) from error
        except WorkerLostError as error:
            raise _not_drawn(order.page, str(error.reason)) from error
        finally:
            worker.close()
    return PagePicture(png, drawn)


def _not_drawn(page: int, reason: str) -> SourceError:
    said = f"page {page} cannot be drawn"
    message = said if reason == said else f"{said}: {reason}"
    return SourceError(message, hint="Its text is shown. Open the file in a PDF viewer.")
