"""The owner's side of one reading process: starts it, asks it, ends it.

Knows how to run a worker and how long to wait; what it says is read as data. Used by one thread at
a time. The thread that starts a worker has to outlive it (PR_SET_PDEATHSIG counts threads).
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import BinaryIO, cast

from pydantic import ValidationError

from pakar.config import Config
from pakar.documents.workers import endings
from pakar.documents.workers.attachments import OpenedMail, taken_over
from pakar.documents.workers.frames import FrameError, read_frame, write_frame
from pakar.documents.workers.messages import (
    Drawing,
    Drawn,
    Job,
    Ready,
    Refusal,
    Reply,
    Setup,
    document_from_json,
)
from pakar.documents.workers.time_allowed import seconds_for
from pakar.errors import SourceError
from pakar.types import Document

_START = (
    "import importlib, json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "importlib.import_module(sys.argv[2]).main(int(sys.argv[3]))"
)
SERVER = "pakar.documents.workers.serve"
_START_SECONDS = 60
_END_SECONDS = 5
_LONGEST_HEAD = 1_000_000
_LONGEST_PICTURE = 40_000_000
_PNG = b"\x89PNG\r\n\x1a\n"
# JSON of a text: up to four bytes a character, or six where it is escaped; marks come on top.
_BYTES_A_CHARACTER = 8
# Threads of numeric libraries reserve address space that is never used.
_ARROW = {"ARROW_DEFAULT_MEMORY_POOL": "system", "ARROW_IO_THREADS": "1"}
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class WorkerLostError(Exception):
    """The process ended, or was ended, before it answered; `reason` is for the user."""

    def __init__(self, reason: SourceError, *, blames_file: bool = False) -> None:
        super().__init__(str(reason))
        self.reason = reason
        self.blames_file = blames_file


class Worker:
    """One reading process. `files` counts what it was asked, `ready` says how it is shut off.

    `left` is the folder with what the last file has beside its document (`spool.py`), if anything;
    `mail` are its attachments, if it is a mail and they were asked for.
    """

    def __init__(self, config: Config, parent_folder: Path, server: str = SERVER) -> None:
        """Raises OSError where no process can be started."""
        self._config = config
        # Absolute: the process changes its working folder.
        self._folder = tempfile.mkdtemp(prefix="reader-", dir=parent_folder.absolute())
        self.files = 0
        self.peak_bytes = 0
        self.left: Path | None = None
        self.mail: OpenedMail | None = None
        self._seconds = config.reading.seconds
        try:
            self._process = _started(self._folder, server)
            self.ready = self._greeted()
        except BaseException:
            self.close()
            raise

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def usable(self) -> bool:
        """It has not ended yet, as far as its owner knows."""
        return self._process.returncode is None

    def read(self, path: Path, name: str, *, attachments: bool = False) -> Document:
        """The document in a file. Raises SourceError where it cannot be read, and
        WorkerLostError where the process cannot be used any more."""
        self.left = self.mail = None
        self._seconds = seconds_for(path, self._config.reading)
        reply = self._asked(Job.of(path, name, attachments=attachments))
        try:
            limit = self._config.documents.max_characters
            body = self._next(name, _BYTES_A_CHARACTER * limit + _LONGEST_HEAD)
            document = document_from_json(body, name, limit)
            if reply.mail is not None and attachments:
                folder = self._taken(reply.folder) if reply.folder else None
                self.mail = taken_over(reply.mail, folder)
            elif reply.folder:
                self.left = self._taken(reply.folder)
            return document
        except (ValidationError, ValueError):
            raise self._lost(endings.not_understood(name), blames_file=True) from None

    def draw(self, path: Path, name: str, drawing: Drawing) -> tuple[Drawn, bytes]:
        """A page of a PDF as PNG. Raises as `read` does."""
        reply = self._asked(Job.of(path, name, drawing=drawing))
        png = self._next(name, _LONGEST_PICTURE)
        if reply.drawn is None or not png.startswith(_PNG):
            raise self._lost(endings.not_understood(name), blames_file=True)
        return reply.drawn, png

    def close(self) -> None:
        """Ends the process with all that it started, and removes its folder."""
        process = getattr(self, "_process", None)
        if process is not None:
            _kill(process)
            for stream in (process.stdin, process.stdout):
                _close(stream)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _taken(self, name: str) -> Path:
        """Moves what a worker left out of its reach. Raises ValueError where it names nothing."""
        source = Path(self._folder, name)
        if Path(name).name != name or source.is_symlink() or not source.is_dir():
            raise ValueError(f"no folder {name!r:.80}")
        target = Path(tempfile.mkdtemp(prefix="left-", dir=Path(self._folder).parent))
        return source.rename(target / "tables")

    def _greeted(self) -> Ready:
        setup = Setup(config=self._config, folder=self._folder)
        with _Deadline(self._process, _START_SECONDS):
            try:
                write_frame(self._input, setup.model_dump_json().encode())
                answer = read_frame(self._output, _LONGEST_HEAD)
                if answer is not None:
                    return Ready.model_validate_json(answer)
            except (FrameError, ValidationError, OSError):
                pass
        raise OSError("the process did not answer")

    def _asked(self, job: Job) -> Reply:
        """The head of the answer. Raises SourceError where the file is refused."""
        self.files += 1
        head = self._ask(job.model_dump_json().encode(), job.name)
        try:
            reply = Reply.model_validate_json(head)
        except ValidationError:
            raise self._lost(endings.not_understood(job.name), blames_file=True) from None
        self.peak_bytes = reply.peak_bytes
        if reply.refusal is not None:
            raise self._refused(reply.refusal, job.name)
        return reply

    def _ask(self, request: bytes, name: str) -> bytes:
        try:
            write_frame(self._input, request)
        except OSError:
            raise self._lost(self._died(name)) from None
        return self._next(name, _LONGEST_HEAD)

    def _next(self, name: str, limit: int) -> bytes:
        """The next message of the worker, within the limits of time and size."""
        with _Deadline(self._process, self._seconds) as deadline:
            try:
                message = read_frame(self._output, limit)
            except FrameError:
                raise self._lost(endings.too_long(name), blames_file=True) from None
            except (OSError, ValueError):  # closed by another thread
                message = None
        if deadline.passed:
            raise self._lost(endings.too_slow(name, self._seconds), blames_file=True)
        if message is None:
            raise self._lost(self._died(name))
        return message

    def _refused(self, refusal: Refusal, name: str) -> Exception:
        if refusal.out_of_memory:
            return self._lost(endings.too_much_memory(name, self._config.reading))
        error = SourceError(refusal.message, hint=refusal.hint)
        if refusal.errno:
            error.__cause__ = OSError(refusal.errno, os.strerror(refusal.errno))
        return error

    def _lost(self, reason: SourceError, *, blames_file: bool = False) -> WorkerLostError:
        self.close()
        return WorkerLostError(reason, blames_file=blames_file)

    def _died(self, name: str) -> SourceError:
        try:
            code = self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:  # it shut its output and goes on
            return endings.not_understood(name)
        allowed = self._config.reading.model_copy(update={"seconds": self._seconds})
        return endings.died(name, code, allowed)

    @property
    def _input(self) -> BinaryIO:
        return cast("BinaryIO", self._process.stdin)

    @property
    def _output(self) -> BinaryIO:
        return cast("BinaryIO", self._process.stdout)


class _Deadline:
    """Kills a process that has not answered in time; works where pipes cannot be waited for."""

    def __init__(self, process: subprocess.Popen[bytes], seconds: float) -> None:
        self.passed = False
        self._process = process
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True

    def __enter__(self) -> _Deadline:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def _end(self) -> None:
        self.passed = True
        _kill(self._process)


def _started(folder: str, server: str) -> subprocess.Popen[bytes]:
    """A fresh interpreter with this one's search path; it inherits no thread and no open file.

    In a session of its own, so that Ctrl-C reaches the owner alone, which then ends it.
    """
    path = json.dumps([os.path.abspath(place) for place in sys.path])  # noqa: PTH100
    environment = {**os.environ, "TMPDIR": folder, **dict.fromkeys(_ONE_THREAD, "1")}
    environment |= _ARROW
    return subprocess.Popen(
        [sys.executable, "-I", "-c", _START, path, server, str(os.getpid())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        start_new_session=True,
    )


def _kill(process: subprocess.Popen[bytes]) -> None:
    if process.returncode is not None:
        return
    if sys.platform == "win32":
        process.kill()
    else:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            process.kill()
    try:
        process.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:  # stuck in the kernel; it ends when that lets it
        return


def _close(stream: object) -> None:
    try:
        cast("BinaryIO", stream).close()
    except OSError:  # what was still to be written has no reader
        return
