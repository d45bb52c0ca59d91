"""Files are read in processes that no file can bring down, and that can do nothing but read."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

import pytest

from pakar.config import Config, Documents, Reading
from pakar.documents import read_document
from pakar.documents.workers.pool import ReadingPool
from pakar.errors import SourceError
from pakar.types import Document

_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="limits of the Linux kernel")

# A worker whose reader does what the file says: what a hostile file might bring a library to do.
_MISBEHAVING = """
import ctypes, os, pathlib, socket, sys, time
from pakar.documents.workers import serve
from pakar.types import Document, Mark

honest = serve.read_document

def read_document(path, name, *settings):
    words = path.read_text(encoding="utf-8").split()
    if words[0] == "crash":
        ctypes.string_at(0)
    if words[0] == "exit":
        os._exit(3)
    if words[0] == "hang":
        time.sleep(600)
    if words[0] == "spin":
        while True: pass
    if words[0] == "eat":
        held = [bytearray(1_000_000) for _ in range(100_000)]
    if words[0] == "flood":
        return Document(name, "x" * 10_000_000, "", "en", "0", "text/plain")
    if words[0] == "print":
        os.write(1, b"noise on the pipe"); print("more noise", flush=True)
    if words[0] == "once" and not hasattr(serve, "seen"):
        serve.seen = True
        raise MemoryError
    if words[0] == "other":
        return Document("another.txt", "text", "", "en", "0", "text/plain")
    if words[0] == "marks":
        return Document(name, "text", "", "en", "0", "text/plain", (Mark("page", 0, 99, "1"),))
    if words[0] == "connect":
        try:
            socket.create_connection(("127.0.0.1", int(words[1])), timeout=5)
            return Document(name, "connected", "", "en", "0", "text/plain")
        except OSError as error:
            return Document(name, f"no: {type(error).__name__}", "", "en", "0", "text/plain")
    if words[0] == "raw":  # past Python's audit hook
        libc = ctypes.CDLL(None, use_errno=True)
        place = libc.socket(2, 1, 0)
        port = int(words[1]).to_bytes(2, "big")
        address = b"\\x02\\x00" + port + bytes([127, 0, 0, 1]) + bytes(8)
        outcome = libc.connect(place, address, 16)
        return Document(name, f"connect gave {outcome}", "", "en", "0", "text/plain")
    if words[0] == "write":
        text = []
        for place in (words[1], os.path.join(os.getcwd(), "own.txt")):
            try:
                pathlib.Path(place).write_text("written")
                text.append("written")
            except OSError as error:
                text.append(type(error).__name__)
        return Document(name, " ".join(text), "", "en", "0", "text/plain")
    return honest(path, name, *settings)

honest_apart = serve.attachments.write_out

def write_out(path, media_type, make_folder):
    text = path.read_text(encoding="utf-8")
    if "crash" in text:
        ctypes.string_at(0)
    folder = make_folder()
    contents = honest_apart(path, media_type, lambda: folder)
    if "link" in text:
        (folder / "0").unlink()
        (folder / "0").symlink_to("/etc/passwd")
    if "none" in text:
        (folder / "0").unlink()
    return contents

serve.read_document = read_document
serve.attachments.write_out = write_out
main = serve.main
"""
_ROGUE = """
import os
from pakar.documents.workers import messages, frames

def main(owner):
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    frames.read_frame(requests, 1 << 20)
    ready = messages.Ready(network="none", files="none", memory="none")
    frames.write_frame(answers, ready.model_dump_json().encode())
    while True:
        job = messages.Job.model_validate_json(frames.read_frame(requests, 1 << 20))
        answers.write(job.file.read_bytes())
        answers.flush()
"""


@dataclass(frozen=True)
class File:
    name: str
    path: Path


Write = Callable[..., list[File]]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_files(*contents: str | bytes) -> list[File]:
        folder = tmp_path / "docs"
        folder.mkdir(exist_ok=True)
        files = []
        for number, content in enumerate(contents):
            path = folder / f"{number}.txt"
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
            files.append(File(path.name, path))
        return files

    return write_files


@pytest.fixture
def servers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of modules that workers can run."""
    folder = tmp_path / "servers"
    folder.mkdir()
    (folder / "misbehaving_server.py").write_text(_MISBEHAVING, encoding="utf-8")
    (folder / "rogue_server.py").write_text(_ROGUE, encoding="utf-8")
    monkeypatch.syspath_prepend(str(folder))
    return folder


def pool(
    folder: Path,
    *,
    workers: int = 1,
    seconds: int = 20,
    server: str = "misbehaving_server",
    characters: int = 1_000_000,
) -> ReadingPool:
    reading = Reading(workers=workers, seconds=seconds, megabytes=700)
    config = Config(documents=Documents(max_characters=characters), reading=reading)
    return ReadingPool(config, folder / "reading", server=server)


def said(outcome: Document | SourceError) -> str:
    return outcome.text if isinstance(outcome, Document) else f"error: {outcome}"


def test_a_worker_reads_exactly_what_reading_here_gives(tmp_path: Path, write: Write) -> None:
    files = write("# Fees\n\nA cheque book costs ten dollars.", "x", "\u00e9\u4e2d \U0001f600 text")
    with ReadingPool(Config(), tmp_path / "reading") as reading:
        results = list(reading.read(files))

    assert [result.source for result in results] == files
    for file, result in zip(files, results, strict=True):
        assert result.outcome == read_document(file.path, file.name, Documents())


@_LINUX
def test_what_ends_a_reader_costs_one_file_one_line(
    tmp_path: Path, write: Write, servers: Path
) -> None:
    files = write("good one", "crash", "good two", "exit", "eat", "flood", "good three", "print it")
    with pool(tmp_path, workers=2) as reading:
        outcomes = [result.outcome for result in reading.read(files)]

    assert [said(outcome) for outcome in outcomes] == [
        "good one",
        "error: 1.txt: its reader crashed (SIGSEGV)",
        "good two",
        "error: 3.txt: its reader crashed (exit code 3)",
        "error: 4.txt: needs more than 700 MB of memory to be read",
        "error: 5.txt: holds more text than may be read",
        "good three",
        "print it",
    ]
    assert all(outcome.hint for outcome in outcomes if isinstance(outcome, SourceError))


@_LINUX
def test_a_mail_is_taken_apart_where_it_can_do_no_harm(tmp_path: Path, servers: Path) -> None:
    outcomes = {}
    with pool(tmp_path) as reading:
        for word in ("crash", "link", "none", "good"):
            path = tmp_path / f"{word}.eml"
            mail = EmailMessage()
            mail["From"], mail["Subject"] = "ann@bank.example", "Fees"
            mail.set_content(f"This is {word}.\n")
            mail.add_attachment("A fee.", filename="/tmp/fees.txt")
            path.write_bytes(mail.as_bytes())
            source = File(path.name, path)
            opened = reading.open(source)
            files = opened.attachments if opened else ()
            (result,) = reading.read([source])
            outcomes[word] = [(one.name, one.path.read_bytes()) for one in files], result.outcome

    assert outcomes["good"][0] == [("/tmp/fees.txt", b"A fee.\n")]
    assert "This is good." in said(outcomes["good"][1])
    for word, error in (
        ("crash", "its reader crashed (SIGSEGV)"),
        ("link", "its reader gave no document"),
        ("none", "its reader gave no document"),
    ):
        assert outcomes[word][0] == []
        assert said(outcomes[word][1]) == f"error: {word}.eml: {error}"


@_LINUX
def test_a_file_has_a_time_by_the_clock_and_by_the_processor(
    tmp_path: Path, write: Write, servers: Path
) -> None:
    files = write("hang", "spin", "good")
    started = time.monotonic()
    with pool(tmp_path, workers=2, seconds=2) as reading:
        outcomes = [said(result.outcome) for result in reading.read(files)]

    assert outcomes[:2] == [f"error: {n}.txt: was not read within 2 s" for n in (0, 1)]
    assert outcomes[2] == "good"
    assert time.monotonic() - started < 60


def test_memory_that_earlier_files_left_is_not_held_against_a_file(
    tmp_path: Path, write: Write, servers: Path
) -> None:
    """Its worker is replaced, and the file is read again."""
    with pool(tmp_path) as reading:
        first, second = reading.read(write("good", "exit"))
        assert said(first.outcome) == "good"
        assert "crashed" in said(second.outcome)
        before = reading.pids
        good, once = reading.read(write("good", "once here"))
        after = reading.pids
    assert said(good.outcome) == "good"
    assert "needs more than" in said(once.outcome)  # in the fresh process too
    assert not set(before) & set(after)


@pytest.mark.parametrize("lie", ["other", "marks"])
def test_what_a_worker_claims_is_checked(
    tmp_path: Path, write: Write, servers: Path, lie: str
) -> None:
    with pool(tmp_path) as reading:
        (result,) = reading.read(write(lie))
    assert said(result.outcome) == "error: 0.txt: its reader gave no document"


_FORGED = json.dumps({"refusal": None, "peak_bytes": 0}).encode()


@pytest.mark.parametrize(
    "answer",
    [
        b"\x00" * 7 + b"\x04nope",
        b"\xff" * 8 + b"far too long",
        b"\x00" * 7 + b"\x20cos\nsystem\n(S'touch owned'\ntR.    ",
        len(_FORGED).to_bytes(8, "big") + _FORGED + b"\x00" * 7 + b"\x02[]",
    ],
)
def test_a_worker_that_was_taken_over_can_only_send_documents(
    tmp_path: Path, write: Write, servers: Path, answer: bytes
) -> None:
    with pool(tmp_path, server="rogue_server") as reading:
        (result,) = reading.read(write(answer))
    assert isinstance(result.outcome, SourceError)
    assert not (tmp_path / "owned").exists()


@_LINUX
@pytest.mark.parametrize("way", ["connect", "raw"])
def test_a_reader_has_no_network(tmp_path: Path, write: Write, servers: Path, way: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        with pool(tmp_path) as reading:
            (result,) = reading.read(write(f"{way} {port}"))
            (ready,) = reading.isolation
    if way == "raw" and ready.network == "guard":
        pytest.skip("this kernel grants neither a namespace nor rules")
    assert said(result.outcome) in ("no: PermissionError", "connect gave -1")


@_LINUX
def test_a_reader_writes_in_its_own_folder_only_and_that_is_removed(
    tmp_path: Path, write: Write, servers: Path
) -> None:
    outside = tmp_path / "outside.txt"
    with pool(tmp_path) as reading:
        (result,) = reading.read(write(f"write {outside}"))
        (ready,) = reading.isolation
    assert not list((tmp_path / "reading").iterdir())
    if ready.files == "none":
        pytest.skip("this kernel has no Landlock")
    assert said(result.outcome) == "PermissionError written"
    assert not outside.exists()


def test_a_file_that_cannot_be_opened_is_told_from_one_that_cannot_be_read(
    tmp_path: Path, write: Write
) -> None:
    """The index keeps the text of the first and drops that of the second."""
    files = [File("gone.txt", tmp_path / "gone.txt"), *write(b"\x00\x01\x02" * 999)]
    with ReadingPool(Config(), tmp_path / "reading") as reading:
        gone, binary = (result.outcome for result in reading.read(files))
    assert isinstance(gone, SourceError) and isinstance(gone.__cause__, OSError)
    assert isinstance(binary, SourceError) and binary.__cause__ is None


def test_sources_are_drawn_as_there_is_room(tmp_path: Path, write: Write) -> None:
    (file,) = write("one text")
    drawn: list[int] = []

    def endless() -> Iterator[File]:
        for number in range(1_000_000):
            drawn.append(number)
            yield file

    with ReadingPool(Config(reading=Reading(workers=2)), tmp_path / "reading") as reading:
        results = reading.read(endless())
        for _ in range(5):
            assert said(next(results).outcome) == "one text"
        assert len(drawn) < 15


@_LINUX
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT])
def test_no_process_is_left_however_the_owner_ends(
    tmp_path: Path, write: Write, servers: Path, end: signal.Signals
) -> None:
    (file,) = write("hang")
    program = textwrap.dedent(
        f"""
        import sys, threading, time
        from pathlib import Path
        sys.path.insert(0, {str(servers)!r})
        from pakar.config import Config, Reading
        from pakar.documents.discover import Found
        from pakar.documents.workers.pool import ReadingPool

        def tell(pool):
            while len(pool.pids) < 2:
                time.sleep(0.05)
            print(*pool.pids, flush=True)

        file = Found("hang.txt", Path({str(file.path)!r}))
        config = Config(reading=Reading(workers=2, seconds=500))
        with ReadingPool(config, Path({str(tmp_path)!r}), server="misbehaving_server") as pool:
            threading.Thread(target=tell, args=(pool,), daemon=True).start()
            list(pool.read([file, file]))
        """
    )
    owner = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert owner.stdout is not None
    workers = [int(word) for word in owner.stdout.readline().split()]
    assert len(workers) == 2
    owner.send_signal(end)
    owner.wait(30)
    owner.stdout.close()
    deadline = time.monotonic() + 30
    while any(map(_is_alive, workers)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(_is_alive, workers))


def _is_alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    except OSError:
        return False
    return state[0] not in ("Z", "X") and os.path.exists(f"/proc/{process}")  # noqa: PTH110
