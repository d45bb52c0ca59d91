"""Reads an expert's sources in processes of their own, for the index.

Knows where the workers may write; the pool knows the rest.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Generator, Iterable
from pathlib import Path

from pakar.config import Config
from pakar.documents.discover import Found
from pakar.documents.workers.pool import ReadingPool
from pakar.errors import SourceError
from pakar.types import Document

Readings = Generator[tuple[Found, Document | SourceError], None, None]


def reader(config: Config, derived: Path) -> Callable[[Iterable[Found]], Readings]:
    """Reads many sources at once, in order. The caller holds the lock of the index meanwhile."""
    folder = derived / "reading"

    def read_all(sources: Iterable[Found]) -> Readings:
        shutil.rmtree(folder, ignore_errors=True)  # of a run that was killed
        try:
            with ReadingPool(config, folder) as pool:
                for result in pool.read(sources):
                    yield result.source, result.outcome
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    return read_all
