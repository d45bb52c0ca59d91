"""What a reading process forbids itself before it opens the first file.

Limits of the kernel where there are any (Linux, and most of them on other Unix systems); a watch
of its own where the kernel keeps none. Knows no document.
"""

from __future__ import annotations

import os
import platform
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

if sys.platform != "win32":
    import resource

# The worker's own exit codes; `endings.py` turns them into words.
OUT_OF_MEMORY = 77
_MEGABYTE = 1_000_000
_MOST_OPEN_FILES = 128
_WATCH_EVERY = 0.1
_RESERVED = 4
# How much later than its owner the worker ends itself, if the owner is gone.
_GRACE = 5


def limit_memory(megabytes: int) -> str:
    """Limits what the process may hold; returns how: "limit", "watch" or "none".

    Linux counts what the process may write to (RLIMIT_DATA), which is near to what it holds; the
    address space (RLIMIT_AS) also has the libraries' files and what is reserved and never used, so
    it is bounded more loosely. macOS takes these limits and ignores them: there a thread looks at
    the peak, and ends the process.
    """
    if sys.platform == "win32":
        return "none"
    most = megabytes * _MEGABYTE
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _lower(resource.RLIMIT_NOFILE, _MOST_OPEN_FILES)
    if platform.system() == "Linux":
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
        resource.setrlimit(resource.RLIMIT_AS, (_RESERVED * most, _RESERVED * most))
        return "limit"
    threading.Thread(target=_watch_memory, args=(most,), daemon=True).start()
    return "watch"


@contextmanager
def limited_time(seconds: int) -> Iterator[None]:
    """Ends the process where the block takes more processor time, or hangs with its owner gone.

    The owner measures the wall time; this alarm rings a little later, and only for orphans.
    """
    if sys.platform == "win32":
        yield
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    most = int(used.ru_utime + used.ru_stime) + seconds + 1
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    resource.setrlimit(resource.RLIMIT_CPU, (most, hard))
    signal.setitimer(signal.ITIMER_REAL, seconds + _GRACE)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        resource.setrlimit(resource.RLIMIT_CPU, (hard, hard))


class PeakMemory:
    """The most memory held since `reset`, in bytes. Only Linux can reset it; elsewhere 0."""

    def reset(self) -> None:
        try:
            with open("/proc/self/clear_refs", "w", encoding="ascii") as file:  # noqa: PTH123
                file.write("5")
        except OSError:
            return

    def read(self) -> int:
        try:
            with open("/proc/self/status", encoding="ascii", errors="replace") as file:  # noqa: PTH123
                lines = [line.split() for line in file if line.startswith("VmHWM:")]
        except OSError:
            return 0
        return int(lines[0][1]) * 1024 if lines else 0


def _lower(kind: int, most: int) -> None:
    hard = resource.getrlimit(kind)[1]
    value = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(kind, (value, value))


def _watch_memory(most: int) -> None:
    # macOS counts ru_maxrss in bytes, the BSDs in kilobytes.
    unit = 1 if sys.platform == "darwin" else 1024
    while True:
        if resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit > most:
            os._exit(OUT_OF_MEMORY)
        time.sleep(_WATCH_EVERY)
