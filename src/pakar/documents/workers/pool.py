"""Several reading processes at work, their documents handed on in the order of the sources.

A worker that is lost costs one file one line and is replaced. Reads ahead only as far as there are
workers to keep busy, so that memory does not grow with the number of files.
"""

from __future__ import annotations

import os
import queue
import shutil
import tempfile
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Generic, Protocol, TypeVar, cast

from pakar.config import Config
from pakar.documents.workers import endings
from pakar.documents.workers.attachments import OpenedMail
from pakar.documents.workers.messages import Ready
from pakar.documents.workers.process import SERVER, Worker, WorkerLostError
from pakar.errors import SourceError
from pakar.types import Document

_MOST_WORKERS = 4
_AHEAD = 2
# Memory that libraries never give back ends with the process.
_MOST_FILES = 200


class Source(Protocol):
    """A file, and the name that its document gets."""

    @property
    def name(self) -> str: ...

    @property
    def path(self) -> Path: ...


SourceT = TypeVar("SourceT", bound=Source)


@dataclass(frozen=True, slots=True)
class Result(Generic[SourceT]):
    """What became of a source.

    `peak_bytes` is the most memory that reading it took; 0 where it is not known. `folder` holds
    the parts and table files of a source of tables, `mail` the attachments of a mail that was
    opened; both are there until the pool is closed.
    """

    source: SourceT
    outcome: Document | SourceError
    peak_bytes: int = 0
    folder: Path | None = None
    mail: OpenedMail | None = None


class ReadingPool:
    """Reads files in processes of their own. A context manager: at its end no process is left.

    `folder` is where the workers' own folders are made; without one, the system's folder for
    temporary files. `server` is the module that the workers run.
    """

    def __init__(self, config: Config, folder: Path | None = None, *, server: str = SERVER) -> None:
        self._config = config
        self._server = server
        self._count = config.reading.workers or min(_MOST_WORKERS, os.cpu_count() or 1)
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        self._folder = Path(tempfile.mkdtemp(prefix="pakar-", dir=folder))
        self._threads = ThreadPoolExecutor(self._count, thread_name_prefix="pakar-read")
        self._idle: queue.LifoQueue[Worker] = queue.LifoQueue()
        self._all: set[Worker] = set()
        self._opened: dict[str, Result[Source]] = {}
        self._closed = False

    def __enter__(self) -> ReadingPool:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def read(self, sources: Iterable[SourceT]) -> Iterator[Result[SourceT]]:
        """The result of each source, in order. `sources` is drawn on as there is room."""
        waiting: deque[Future[Result[SourceT]]] = deque()
        for source in sources:
            waiting.append(self._threads.submit(self._read, source))
            if len(waiting) >= self._count + _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()

    def open(self, source: SourceT) -> OpenedMail | None:
        """The attachments of a mail; None where it is none, or cannot be read.

        What became of the mail itself is what `read` then gives for a source of this name.
        """
        result = self._threads.submit(self._read, source, attachments=True).result()
        self._opened[source.name] = cast("Result[Source]", result)
        return result.mail

    @property
    def pids(self) -> list[int]:
        """The processes that are there now."""
        return [worker.pid for worker in list(self._all)]

    @property
    def isolation(self) -> list[Ready]:
        """How each of them is shut off."""
        return [worker.ready for worker in list(self._all)]

    def close(self) -> None:
        """Ends all processes, those at work too."""
        self._closed = True
        for worker in list(self._all):
            worker.close()
        self._threads.shutdown(cancel_futures=True)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _read(self, source: SourceT, *, attachments: bool = False) -> Result[SourceT]:
        """Reads one source, twice where it may have suffered from what the worker did before."""
        opened = self._opened.pop(source.name, None)
        if opened is not None:
            return replace(cast("Result[SourceT]", opened), source=source, mail=None)
        while True:
            try:
                worker = self._worker()
            except OSError as error:
                reason = error.strerror or str(error)
                return Result(source, endings.not_started(source.name, reason))
            fresh = worker.files == 0
            try:
                document = worker.read(source.path, source.name, attachments=attachments)
                return Result(source, document, worker.peak_bytes, worker.left, worker.mail)
            except SourceError as error:
                return Result(source, error, worker.peak_bytes)
            except WorkerLostError as lost:
                if fresh or lost.blames_file or self._closed:
                    return Result(source, lost.reason)
            finally:
                self._give_back(worker)

    def _worker(self) -> Worker:
        try:
            return self._idle.get_nowait()
        except queue.Empty:
            worker = Worker(self._config, self._folder, self._server)
            self._all.add(worker)
            if self._closed:
                worker.close()
            return worker

    def _give_back(self, worker: Worker) -> None:
        if worker.usable and worker.files < _MOST_FILES:
            self._idle.put(worker)
            return
        worker.close()
        self._all.discard(worker)
