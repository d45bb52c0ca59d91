"""Gives memory back to the system that the C library keeps although it was freed.

glibc keeps freed blocks for later use; between the parts of a training, whose sizes differ, the
gaps among them add up. Elsewhere than on glibc nothing happens.
"""

from __future__ import annotations

import ctypes
import gc
import sys
from functools import lru_cache


def give_back(*, collect: bool = False) -> None:
    """Returns what is free; with `collect`, Python's unreachable objects first."""
    if collect:
        gc.collect()
    trim = _trim()
    if trim is not None:
        trim(0)


@lru_cache(maxsize=1)
def _trim() -> ctypes._NamedFuncPointer | None:
    if not sys.platform.startswith("linux"):
        return None
    try:
        return ctypes.CDLL("libc.so.6").malloc_trim
    except (OSError, AttributeError):  # another C library
        return None
