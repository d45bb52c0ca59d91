"""The memory of a route: the peak of a process of its own that answers one question by it.

A process of its own, as the models of other routes would count otherwise. The peak is the kernel's
high-water mark of that process, read while it runs (`VmHWM`); not `ru_maxrss`, which a child
inherits from a large parent. Only Linux tells it; elsewhere nothing is measured.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

_SECONDS = 600
_PAUSE = 0.02


def peak_memory_mb(folder: Path, route: str, question: str) -> float | None:
    """The peak in 10^6 bytes; None where it could not be measured.

    The question should be one that the route answers: a refusal needs no model.
    """
    command = [sys.executable, "-m", "pakar", "ask", "--route", route, "--json"]
    try:
        child = subprocess.Popen(
            [*command, "--expert", str(folder), "--", question],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    except OSError:
        return None
    try:
        peak = _watched(child)
    finally:
        child.kill()
        child.wait()
    return peak if child.returncode == 0 else None


def _watched(child: subprocess.Popen[bytes]) -> float | None:
    status = Path(f"/proc/{child.pid}/status")
    peak: float | None = None
    end = time.monotonic() + _SECONDS
    while child.poll() is None and time.monotonic() < end:
        peak = _high_water(status) or peak
        time.sleep(_PAUSE)
    return peak


def _high_water(status: Path) -> float | None:
    try:
        for line in status.read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / 1e6
    except (OSError, ValueError, IndexError):
        pass
    return None
