"""One writer at a time, across processes. The operating system frees the lock of a dead one.

Readers need no lock: they hold a fixed version of the table.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from pakar.errors import IndexBusyError, StoreError

LOCK_FILE = "write.lock"
HOLDER_FILE = "writer.json"


@contextmanager
def writing(
    folder: Path, *, wait: float = 60.0, on_wait: Callable[[str], None] | None = None
) -> Iterator[None]:
    """Holds the right to write below `folder` (which is made if need be).

    If another process has it, `on_wait` is told at once who, and the call waits `wait` seconds.
    Raises IndexBusyError after that.
    """
    lock = _lock(folder)
    if not _acquired(lock, 0):
        if on_wait is not None:
            on_wait(f"{_holder(folder)} is writing to this expert; waiting up to {wait:.0f} s")
        if not _acquired(lock, wait):
            raise IndexBusyError(
                f"{_holder(folder)} is writing to {folder}",
                hint="Wait until it is done, or end it, and run this again.",
            )
    try:
        _note_holder(folder)
        yield
    finally:
        lock.release()


def _lock(folder: Path) -> FileLock:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(folder, error) from error
    return FileLock(folder / LOCK_FILE)


def _acquired(lock: FileLock, seconds: float) -> bool:
    try:
        lock.acquire(timeout=seconds, poll_interval=0.05)
    except Timeout:
        return False
    except OSError as error:
        raise _unwritable(Path(lock.lock_file), error) from error
    return True


def _note_holder(folder: Path) -> None:
    # Only for the message: nothing depends on this file, so it need not survive a crash.
    since = datetime.now(UTC).isoformat(timespec="seconds")
    note = json.dumps({"pid": os.getpid(), "since": since})
    (folder / HOLDER_FILE).write_text(note, encoding="utf-8")


def _holder(folder: Path) -> str:
    try:
        note = json.loads((folder / HOLDER_FILE).read_text(encoding="utf-8"))
        return f"another pakar (pid {int(note['pid'])}, since {note['since']:.25})"
    except (OSError, ValueError, TypeError, KeyError):
        return "another pakar"


def _unwritable(path: Path, error: OSError) -> StoreError:
    return StoreError(
        f"{path}: cannot be written: {error.strerror or error}",
        hint="Check the permissions and the free space.",
    )
