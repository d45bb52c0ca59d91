"""The worker's side: takes files one by one and answers with documents. Nothing here is trusted.

Started by `process.py`. Reads requests from standard input and answers on what was standard
output; what libraries print goes nowhere. When the input ends, the owner is gone, and so is this.
"""

from __future__ import annotations

import os
import queue
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pakar.documents.mediatype import EML, MSG
from pakar.documents.read import read_document
from pakar.documents.tables.reading import holds_tables, read_table_file
from pakar.documents.workers import attachments, isolation, limits
from pakar.documents.workers.frames import read_frame, write_frame
from pakar.documents.workers.messages import (
    Drawn,
    Job,
    MailContents,
    Ready,
    Refusal,
    Reply,
    Setup,
    document_to_json,
)
from pakar.documents.workers.spool import new_folder, write_out
from pakar.documents.workers.time_allowed import seconds_for
from pakar.errors import SourceError

_LONGEST_REQUEST = 1_000_000
_LONGEST_CHAIN = 10
# How libraries in C++ say it: ONNX Runtime, Arrow, OpenCV.
_NO_MEMORY = ("bad_alloc", "MemoryError", "Failed to allocate", "Unable to allocate",
              "malloc of size", "Insufficient memory")  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Answer:
    """A document as JSON, and what was written beside it, if anything; or a picture."""

    body: bytes = b""
    folder: str = ""
    mail: MailContents | None = None
    drawn: Drawn | None = None


def main(owner: int) -> None:
    """Serves until the input ends. `owner` is the process that this one must not outlive."""
    requests, answers = _own_pipes()
    first = read_frame(requests, _LONGEST_REQUEST)
    if first is None:
        return
    setup = Setup.model_validate_json(first)
    write_frame(answers, _shut_off(setup, owner).model_dump_json().encode())
    jobs: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(requests, jobs), daemon=True).start()
    while True:
        for part in _answer(Job.model_validate_json(jobs.get()), setup):
            write_frame(answers, part)


def _own_pipes() -> tuple[BinaryIO, BinaryIO]:
    """The two pipes, moved to where no library writes by accident."""
    requests = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    os.close(nothing)
    return requests, answers


def _shut_off(setup: Setup, owner: int) -> Ready:
    tempfile.tempdir = setup.folder
    os.environ["TMPDIR"] = setup.folder
    os.chdir(setup.folder)
    network = isolation.cut_off_network()
    files, tcp = isolation.keep_writes_in(setup.folder)
    # Only now: a change of rights, as a new namespace brings, clears the signal again.
    isolation.die_with_owner(owner)
    memory = limits.limit_memory(setup.config.reading.megabytes)
    if network == "guard" and tcp:
        network = "rules"
    return Ready(network=network, files="rules" if files else "none", memory=memory)


def _listen(requests: BinaryIO, jobs: queue.SimpleQueue[bytes]) -> None:
    while (request := read_frame(requests, _LONGEST_REQUEST)) is not None:
        jobs.put(request)
    os._exit(0)  # whatever is being read: nobody waits for it


def _answer(job: Job, setup: Setup) -> list[bytes]:
    peak = limits.PeakMemory()
    peak.reset()
    answer = _Answer()
    refusal: Refusal | None = None
    with limits.limited_time(seconds_for(job.file, setup.config.reading)):
        try:
            answer = _read(job, setup)
        except SourceError as error:
            refusal = _refusal(error)
        except MemoryError:
            refusal = Refusal(message="", hint="", out_of_memory=True)
        except ValueError as error:  # text that is no Unicode
            refusal = Refusal(
                message=f"{job.name}: cannot be stored ({str(error)[:200]})",
                hint="Save the file anew as UTF-8.",
            )
    reply = Reply(
        refusal=refusal,
        peak_bytes=peak.read(),
        folder=answer.folder,
        mail=answer.mail,
        drawn=answer.drawn,
    )
    head = reply.model_dump_json().encode()
    return [head] if refusal else [head, answer.body]


def _read(job: Job, setup: Setup) -> _Answer:
    config = setup.config
    if job.drawing is not None:
        from pakar.documents.pdf_drawing import draw

        drawn, png = draw(job.file, job.drawing)
        return _Answer(png, drawn=drawn)
    if holds_tables(job.file, job.name, config):
        folder = new_folder(Path(setup.folder))
        last = write_out(read_table_file(job.file, job.name, config, folder), folder)
        return _Answer(document_to_json(last), folder.name)
    document = read_document(job.file, job.name, config.documents, config.reading)
    if not job.attachments or document.media_type not in (EML, MSG):
        return _Answer(document_to_json(document))
    made: list[Path] = []

    def make_folder() -> Path:
        made.append(new_folder(Path(setup.folder)))
        return made[0]

    mail = attachments.write_out(job.file, document.media_type, make_folder)
    return _Answer(document_to_json(document), made[0].name if made else "", mail)


def _refusal(error: SourceError) -> Refusal:
    cause = error.__cause__
    number = (cause.errno or 0) if isinstance(cause, OSError) else 0
    return Refusal(
        message=str(error).encode(errors="replace").decode(),
        hint=error.hint,
        errno=number,
        out_of_memory=_ran_out_of_memory(error),
    )


def _ran_out_of_memory(error: BaseException | None) -> bool:
    """Some library got no memory, whatever has been made of its error since."""
    for _ in range(_LONGEST_CHAIN):
        if error is None:
            return False
        if isinstance(error, MemoryError) or any(words in str(error) for words in _NO_MEMORY):
            return True
        error = error.__cause__ or error.__context__
    return False


if __name__ == "__main__":
    main(int(sys.argv[1]))
