"""`pakar add --watch`: follows folders and takes in what changes, batch by batch.

Events of the file system only wake it up: what is read is decided by looking at the files. A batch
begins when nothing has changed for a while; a file that is still growing then waits for the next
one. Knows neither documents nor indexes: adding comes in as a function.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pakar.documents.discover import is_passed_over
from pakar.errors import ConfigError, PakarError
from pakar.types import AddReport

Only = Callable[[Path], bool]
Add = Callable[[Only], AddReport]
_Look = tuple[int, int] | None

_LONGEST_PAUSE = 60.0


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds: a batch begins after `settle` without a change, at the latest `patience` after the
    first one. `poll` looks at all files every `settle` seconds, for file systems that send no
    events (network mounts)."""

    settle: float = 2.0
    patience: float = 60.0
    poll: bool = False


@dataclass(frozen=True, slots=True)
class Listener:
    """Who is told: of every batch, of an error that ended one, and of lines for a person."""

    batch: Callable[[AddReport], None]
    error: Callable[[PakarError], None]
    say: Callable[[str], None]


def require_folders(sources: Sequence[Path]) -> None:
    """Raises ConfigError where a source is no folder, or there is none."""
    if not sources:
        raise ConfigError("there is no folder to watch", hint="Name one: pakar add --watch DIR")
    for source in sources:
        if not source.is_dir():
            raise ConfigError(
                f"{source} is no folder that can be watched",
                hint="Name the folder that holds it.",
            )


def watch(
    folders: Sequence[Path], add: Add, listener: Listener, stop: threading.Event, pace: Pace
) -> None:
    """Adds what the folders hold, then what changes in them, until `stop` is set.

    A batch in work is finished first. An error ends a batch, not the watching: what it was about
    is tried again later. Raises ConfigError where the system does not let folders be watched.
    """
    pause = pace.settle
    while not stop.is_set():
        follower = _Follower(folders, pace)
        for is_due in follower.ticks(stop):
            if stop.is_set() or not is_due:
                continue
            if _batch(follower, add, listener):
                pause = pace.settle
            else:
                stop.wait(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
        if not stop.is_set():
            listener.say("A watched folder is gone or is another one now; looking again.")
            stop.wait(pace.settle)


def _batch(follower: _Follower, add: Add, listener: Listener) -> bool:
    """Adds what has settled; false where that failed and is to be tried again."""
    only = follower.take()
    if only is None:
        return True
    try:
        report = add(only)
    except (PakarError, OSError) as error:
        listener.error(_explained(error))
        follower.put_back()
        return False
    if follower.is_first or any((report.added, report.updated, report.removed, report.failed)):
        listener.batch(report)
    follower.is_first = False
    return True


def _explained(error: PakarError | OSError) -> PakarError:
    if isinstance(error, PakarError):
        return error
    return PakarError(
        f"{error.filename or 'the disk'}: {error.strerror or error}",
        hint="Check the disk and rights.",
    )


@dataclass(slots=True)
class _Follower:
    """What has changed and is not added yet: `pending` paths with how they looked last.

    The first batch is about all files.
    """

    folders: Sequence[Path]
    pace: Pace
    is_first: bool = True
    pending: dict[Path, _Look] = field(default_factory=dict)
    _moving: Collection[Path] = ()
    _taken: dict[Path, _Look] = field(default_factory=dict)
    _since: float = 0.0

    def ticks(self, stop: threading.Event) -> Iterator[bool]:
        """Says again and again whether a batch is due.

        Ends when `stop` is set or a folder is not the one any more that it was.
        """
        identities = [_identity(folder) for folder in self.folders]
        here = [one for one, known in zip(self.folders, identities, strict=True) if known]
        for changed in _changes(here, self._concerns, stop, self.pace):
            if changed and not self.pending:
                self._since = time.monotonic()
            self.pending |= {path: _look(path) for path in changed}
            self._moving = changed
            waited = time.monotonic() - self._since
            is_quiet = not changed or waited > self.pace.patience
            yield self.is_first or (bool(self.pending) and is_quiet)
            if [_identity(folder) for folder in self.folders] != identities:
                return

    def take(self) -> Only | None:
        """Which files are read now; None where all of them have to wait."""
        ready, growing = dict[Path, _Look](), dict[Path, _Look]()
        for path, before in self.pending.items():
            now = _look(path)
            is_ready = now == before and path not in self._moving
            (ready if is_ready else growing)[path] = now
        self.pending, self._taken = growing, ready
        self._since = time.monotonic()
        if self.is_first:
            return self._is_old_enough
        return _among(ready) if ready else None

    def put_back(self) -> None:
        """What was taken is to be taken again."""
        self.pending = self._taken | self.pending

    def _is_old_enough(self, path: Path) -> bool:
        """For the first batch, before anything was seen to change. A clock may be wrong."""
        look = _look(path)
        if look is None or abs(time.time() - look[1] / 1e9) >= self.pace.settle:
            return True
        self.pending[path] = look
        return False

    def _concerns(self, path: Path) -> bool:
        """Not what discovery passes over: hidden and temporary files, and all in such folders."""
        for folder in map(_absolute, self.folders):
            if path.is_relative_to(folder):
                return not any(is_passed_over(part) for part in path.relative_to(folder).parts)
        return False


def _changes(
    folders: Sequence[Path], concerns: Only, stop: threading.Event, pace: Pace
) -> Iterator[set[Path]]:
    """The paths that changed, as they do; an empty set after every `settle` without one."""
    from watchfiles import watch as changes_in

    milliseconds = max(50, int(1000 * pace.settle))
    if not folders:
        stop.wait(pace.settle)
        yield set()
        return
    try:
        for changes in changes_in(
            *folders,
            watch_filter=lambda _, path: concerns(_absolute(path)),
            stop_event=stop,
            rust_timeout=milliseconds,
            yield_on_timeout=True,
            raise_interrupt=False,
            force_polling=pace.poll or None,
            poll_delay_ms=milliseconds,
            ignore_permission_denied=True,
        ):
            yield {_absolute(path) for _, path in changes}
    except (OSError, RuntimeError) as error:
        raise ConfigError(
            f"the folder cannot be watched: {str(error)[:200]}",
            hint="Use --poll: it looks at all files again and again.",
        ) from error


def _among(paths: Collection[Path]) -> Only:
    """Whether a path is one of these or lies below one of them (a folder that was moved in)."""

    def chosen(path: Path) -> bool:
        absolute = _absolute(path)
        return absolute in paths or any(parent in paths for parent in absolute.parents)

    return chosen


def _absolute(path: str | Path) -> Path:
    return Path(os.path.abspath(path))  # noqa: PTH100  a link keeps its name


def _look(path: Path) -> _Look:
    """Size and time of the last change; None where it is gone."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns


def _identity(folder: Path) -> tuple[int, int] | None:
    try:
        status = folder.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
