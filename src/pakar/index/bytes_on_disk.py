"""Looks for sentences in the bytes of files, and takes them out of files of lines.

Knows bytes and how JSON writes text; knows no document and no index.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pakar.atomic_file import write_atomically

_AT_ONCE = 16_000_000
_LINES = ".jsonl"


def needles(texts: Iterable[str]) -> tuple[bytes, ...]:
    """How these texts can stand in a file: as they are, and as JSON writes them."""
    forms: set[bytes] = set()
    for text in texts:
        forms.add(text.encode("utf-8", "surrogatepass"))
        forms.add(json.dumps(text)[1:-1].encode())
        forms.add(json.dumps(text, ensure_ascii=False)[1:-1].encode("utf-8", "surrogatepass"))
    return tuple(sorted(forms - {b""}))


def holding(folder: Path, wanted: Sequence[bytes]) -> Iterator[Path]:
    """Every file below the folder that has one of the needles in it."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and holds(path, wanted):
            yield path


def holds(path: Path, wanted: Sequence[bytes]) -> bool:
    """Whether one of the needles stands in the file. It is read in parts that overlap."""
    longest = max((len(one) for one in wanted), default=0)
    before = b""
    with path.open("rb") as file:
        while part := file.read(_AT_ONCE):
            window = before + part
            if any(one in window for one in wanted):
                return True
            before = window[-longest:]
    return False


def without(path: Path, wanted: Sequence[bytes]) -> None:
    """Takes the lines with a needle out of a file of lines; deletes any other file."""
    if path.suffix != _LINES:
        path.unlink()
        return
    lines = path.read_bytes().splitlines(keepends=True)
    kept = [line for line in lines if not any(one in line for one in wanted)]
    write_atomically(path, b"".join(kept))
