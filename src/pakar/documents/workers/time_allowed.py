"""How long a worker may take for a file: more for a long table, which is read row by row.

Knows sizes and names; opens nothing.
"""

from __future__ import annotations

from pathlib import Path

from pakar.config import Reading
from pakar.documents.mediatype import table_by_name

# A table has the time of one file for each of so many bytes.
_TABLE_BYTES = 5_000_000


def seconds_for(path: Path, reading: Reading) -> int:
    """`reading.seconds`; for a table as often as its size holds five megabytes."""
    if not table_by_name(path):
        return reading.seconds
    try:
        size = path.stat().st_size
    except OSError:
        size = 0
    return reading.seconds * max(1, -(-size // _TABLE_BYTES))
