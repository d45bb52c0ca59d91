"""Why a reading process ended before it answered, in words for the user.

Knows exit codes, signals and the settings that move the limits.
"""

from __future__ import annotations

import signal

from pakar.config import Reading
from pakar.documents.workers.limits import OUT_OF_MEMORY
from pakar.errors import SourceError

_HARMFUL = "the file is damaged or was made to do harm: print it to a new file, or leave it out"


def too_slow(name: str, seconds: int) -> SourceError:
    return SourceError(
        f"{name}: was not read within {seconds} s",
        hint="split the file, or raise reading.seconds in pakar.toml",
    )


def too_much_memory(name: str, reading: Reading) -> SourceError:
    return SourceError(
        f"{name}: needs more than {reading.megabytes:,} MB of memory to be read",
        hint="split the file, or raise reading.megabytes in pakar.toml",
    )


def too_long(name: str) -> SourceError:
    return SourceError(
        f"{name}: holds more text than may be read",
        hint="raise documents.max_characters in pakar.toml, or split the file",
    )


def not_understood(name: str) -> SourceError:
    return SourceError(f"{name}: its reader gave no document", hint=_HARMFUL)


def died(name: str, exit_code: int, reading: Reading) -> SourceError:
    """`exit_code` is negative where a signal ended the process, as in `subprocess`."""
    signals = {-one.value: one.name for one in signal.Signals}
    ending = signals.get(exit_code, f"exit code {exit_code}")
    if exit_code == OUT_OF_MEMORY:
        return too_much_memory(name, reading)
    if ending in ("SIGXCPU", "SIGALRM"):
        return too_slow(name, reading.seconds)
    if ending == "SIGABRT":  # what libraries in C++ do where they get no memory
        most = f"{reading.megabytes:,} MB"
        return SourceError(
            f"{name}: needs more than {most} of memory to be read, or is damaged", hint=_HARMFUL
        )
    if ending == "SIGKILL":
        return SourceError(
            f"{name}: the system ended its reader, probably for lack of memory",
            hint="lower reading.workers or reading.megabytes in pakar.toml, or split the file",
        )
    return SourceError(f"{name}: its reader crashed ({ending})", hint=_HARMFUL)


def not_started(name: str, reason: str) -> SourceError:
    """No fault of the file: its cause is an OSError, so that what was indexed of it stays."""
    error = SourceError(
        f"{name}: no process could be started to read it: {reason}",
        hint="check the free memory and the number of processes, and add it again",
    )
    error.__cause__ = OSError(f"no process could be started to read it: {reason}")
    return error
