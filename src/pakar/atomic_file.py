"""Writes a file so that a reader sees the old content or the new, never a part; adds whole lines.

Knows nothing of what is in the file.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path


def write_atomically(path: Path, content: bytes, *, sync: bool = True) -> None:
    """Replaces `path`; whenever this process ends, it holds the old content or the new, whole.

    With `sync` that is also true when the machine loses power.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            if sync:
                file.flush()
                os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(name).unlink()
        raise
    if sync:
        _sync_folder(path.parent)


def append_line(path: Path, line: bytes) -> None:
    """Adds a line, given without its end; it is on the disk when this returns.

    Several processes may append at a time. A line that a kill cut off is closed first, so that it
    spoils none but itself: who reads skips it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        os.write(handle, b"".join([b"" if _is_closed(handle) else b"\n", line, b"\n"]))
        os.fsync(handle)
    finally:
        os.close(handle)


def _is_closed(handle: int) -> bool:
    size = os.lseek(handle, 0, os.SEEK_END)
    if size == 0:
        return True
    os.lseek(handle, size - 1, os.SEEK_SET)
    return os.read(handle, 1) == b"\n"


def _sync_folder(folder: Path) -> None:
    # The rename itself is only on the disk once the folder is. Windows cannot open a folder.
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
