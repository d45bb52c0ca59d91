"""What LanceDB raises, as an error of pakar with a way out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pakar.errors import PakarError, StoreError

REINDEX = "Run: pakar reindex"


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """LanceDB reports damage and misuse alike as ValueError, RuntimeError or OSError."""
    try:
        yield
    except PakarError:
        raise
    except (ValueError, RuntimeError, OSError) as error:
        first_line = str(error).strip().split("\n", maxsplit=1)[0]
        raise StoreError(
            f"{path}: the index cannot be used: {first_line[:300]}", hint=REINDEX
        ) from error
