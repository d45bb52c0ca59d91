"""What changed between an index and its sources, and why a source could not be taken in.

Compares names and hashes; reads bytes, never formats.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, TypeVar

from pakar.errors import PakarError, SourceError
from pakar.types import source_of


class Source(Protocol):
    """A file and the name that its document has."""

    @property
    def name(self) -> str: ...

    @property
    def path(self) -> Path: ...


SourceT = TypeVar("SourceT", bound=Source)


def file_hash(path: Path) -> str:
    """SHA-256 of the file's bytes, in hexadecimal. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hash_of(source: Source) -> str:
    """The content hash of a source that is a file. Raises OSError."""
    return file_hash(source.path)


def missing(known: Iterable[str], present: Iterable[str], roots: Sequence[str]) -> list[str]:
    """The known documents below one of the roots that are not present any more."""
    here = set(present)
    return [
        name
        for name in known
        if source_of(name) not in here and any(is_below(name, root) for root in roots)
    ]


def is_below(name: str, root: str) -> bool:
    """Whether a document is the root itself or lies in the folder of that name.

    The root "." is the expert's own folder: it holds every document with a relative name. What
    comes from a database ("sqlite:///bank.db#fees") lies below the database, in no folder.
    """
    source = source_of(name)
    if source == root:
        return True
    if "://" in source:
        return source.startswith((f"{root}#", f"{root}?"))
    if root == ".":
        return not Path(source).is_absolute()
    return source.startswith(root.rstrip("/") + "/")


@contextmanager
def unreadable(name: str) -> Iterator[None]:
    """Turns whatever a document makes a reader do into a SourceError, so that a batch goes on."""
    try:
        yield
    except UnicodeEncodeError as error:
        raise SourceError(
            f"holds a character that is not valid Unicode (at {error.start})",
            hint="Save the file anew as UTF-8.",
        ) from error
    except PakarError:
        raise
    except Exception as error:
        raise SourceError(
            f"reading failed: {type(error).__name__}: {str(error)[:200]}",
            hint=f"This is a fault in pakar: please report it with the file {name!r} if you can.",
        ) from error
