"""Splits a mailbox file (mbox) into its mails, one in memory at a time.

Knows the separator lines and how lines that look like them are quoted (mboxrd; RFC 4155 for the
rest). Does not parse mails.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_SEPARATOR = re.compile(rb"From \S.*\d{4}")
_QUOTED = re.compile(rb">+From ")
_LONGEST_LINE = 1 << 20


def mails(path: Path, *, most_bytes: int) -> Iterator[bytes | None]:
    """The bytes of each mail, in order; None for one that has more than `most_bytes`.

    Raises OSError.
    """
    with path.open("rb") as file:
        yield from _split(file, most_bytes)


def is_mailbox(head: bytes) -> bool:
    """The beginning of a file is that of a mailbox."""
    lines = head.splitlines()
    return len(lines) > 1 and bool(_SEPARATOR.match(lines[0])) and bool(
        re.match(rb">?[A-Za-z][A-Za-z0-9-]*:", lines[1])
    )  # fmt: skip


def _split(file: BinaryIO, most_bytes: int) -> Iterator[bytes | None]:
    lines: list[bytes] = []
    size = 0
    started, after_blank = False, True
    while line := file.readline(_LONGEST_LINE):
        if after_blank and _SEPARATOR.match(line):
            if started:
                yield _mail(lines, size, most_bytes)
            lines, size, started = [], 0, True
        elif started:
            size += len(line)
            if size <= most_bytes:
                lines.append(line[1:] if _QUOTED.match(line) else line)
        after_blank = not line.strip()
    if started:
        yield _mail(lines, size, most_bytes)


def _mail(lines: list[bytes], size: int, most_bytes: int) -> bytes | None:
    """Without the empty line that stands before the next separator."""
    if size > most_bytes:
        return None
    if lines and not lines[-1].strip():
        lines = lines[:-1]
    return b"".join(lines)
