"""What memory is held, and the most that was: on the GPU if there is one, else by this process."""

from __future__ import annotations

import sys
from pathlib import Path

_STATUS = Path("/proc/self/status")
_RESET = Path("/proc/self/clear_refs")
# What the kernel takes as "forget the peak so far" (proc_pid_clear_refs, Linux 4.0).
_FORGET_PEAK = "5"


def forget_peak() -> None:
    """What was held before does not count from here on, where the system can do that (Linux)."""
    import torch

    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
        return
    try:
        _RESET.write_text(_FORGET_PEAK, encoding="ascii")
    except OSError:  # another system, or not allowed: the peak is that of the whole process
        return


def peak_memory() -> int:
    """Bytes: since `forget_peak`, or of the process's whole life where that is not to be had."""
    import torch

    if torch.cuda.is_available():
        return int(torch.cuda.max_memory_allocated())
    peak = _status("VmHWM")
    if peak is not None:
        return peak
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def held_by_process() -> int | None:
    """Bytes of main memory at this moment; None where the system does not tell (not Linux)."""
    return _status("VmRSS")


def _status(wanted: str) -> int | None:
    try:
        lines = _STATUS.read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    for line in lines:
        name, _, value = line.partition(":")
        if name == wanted:
            return 1024 * int(value.split()[0])
    return None
