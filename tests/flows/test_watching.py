"""What users of `pakar add --watch` rely on: each change arrives, none too early, none stops it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pakar import AddReport, ConfigError, Expert, ModelError, PakarError
from pakar.flows.watching import Listener, Pace

SETTLE = 0.8
LONGEST = 30.0


class Watched:
    """An expert that follows its folder `documents` in a thread, and what it was told."""

    def __init__(self, expert: Expert, pace: Pace) -> None:
        self.expert = expert
        self.documents = expert.folder / "documents"
        self.reports: list[AddReport] = []
        self.errors: list[PakarError] = []
        self.said: list[str] = []
        self._stop = threading.Event()
        listener = Listener(self.reports.append, self.errors.append, self.said.append)
        self._thread = threading.Thread(
            target=expert.watch,
            args=(self.documents,),
            kwargs={"listener": listener, "stop": self._stop, "pace": pace},
        )

    def start(self) -> None:
        self._thread.start()

    def wait(self, what: Callable[[], object]) -> None:
        end = time.monotonic() + LONGEST
        while not what():
            assert time.monotonic() < end, (self.reports, self.errors, self.said)
            time.sleep(0.02)

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(LONGEST)
        assert not self._thread.is_alive()

    @property
    def seen(self) -> list[tuple[tuple[str, ...], ...]]:
        """Added, updated and removed names of every batch."""
        return [(one.added, one.updated, one.removed) for one in self.reports]


@pytest.fixture
def expert(tmp_path: Path, testing_backend: str) -> Expert:
    made = Expert.create(tmp_path / "bank", embedder=testing_backend)
    (made.folder / "documents").mkdir()
    old(made.folder / "documents" / "a.md", "# A\n\nThe first text.\n")
    return made


@pytest.fixture(params=[False, True], ids=["events", "polling"])
def watched(expert: Expert, request: pytest.FixtureRequest) -> Iterator[Watched]:
    made = Watched(expert, Pace(SETTLE, 4.0, request.param))
    made.start()
    made.wait(lambda: made.reports)
    yield made
    made.stop()


def old(path: Path, text: str) -> None:
    """A file that was written long ago."""
    path.write_text(text, encoding="utf-8")
    os.utime(path, (time.time() - 100, time.time() - 100))


def test_it_begins_with_what_is_there_and_follows_changes(watched: Watched) -> None:
    assert watched.seen == [(("documents/a.md",), (), ())]

    (watched.documents / "a.md").write_text("# A\n\nAnother text.\n")
    watched.wait(lambda: len(watched.reports) == 2)
    (watched.documents / "a.md").unlink()
    watched.wait(lambda: len(watched.reports) == 3)

    assert watched.seen[1:] == [((), ("documents/a.md",), ()), ((), (), ("documents/a.md",))]


def test_a_burst_is_one_batch_and_temporary_files_are_none(watched: Watched) -> None:
    for number in range(12):
        (watched.documents / f"{number:02}.md").write_text(f"Text number {number}.")
    (watched.documents / ".hidden.md").write_text("hidden")
    (watched.documents / "draft.md~").write_text("an editor's")
    # As an editor saves: a new file takes the place of the old one.
    (watched.documents / "a.md.tmp").write_text("# A\n\nSaved by an editor.\n")
    (watched.documents / "a.md.tmp").replace(watched.documents / "a.md")

    watched.wait(lambda: len(watched.reports) >= 2)

    names = tuple(f"documents/{number:02}.md" for number in range(12))
    assert watched.seen[1:] == [(names, ("documents/a.md",), ())]


def test_a_file_that_is_still_being_written_waits(watched: Watched) -> None:
    lines = [f"Line number {number} of a long text." for number in range(10)]
    with (watched.documents / "long.md").open("w") as file:
        for line in lines:
            file.write(line + "\n\n")
            file.flush()
            time.sleep(SETTLE / 8)

    watched.wait(lambda: len(watched.reports) >= 2)

    assert watched.seen[1:] == [(("documents/long.md",), (), ())]
    assert watched.expert.document("documents/long.md").text.split("\n\n") == lines


def test_a_folder_that_is_moved_in_is_read(watched: Watched, tmp_path: Path) -> None:
    (tmp_path / "outside" / "inner").mkdir(parents=True)
    old(tmp_path / "outside" / "inner" / "b.md", "The second text.")

    (tmp_path / "outside").rename(watched.documents / "moved")

    watched.wait(lambda: len(watched.reports) >= 2)
    assert watched.seen[1:] == [(("documents/moved/inner/b.md",), (), ())]


def test_a_file_that_never_rests_does_not_keep_others_waiting(expert: Expert) -> None:
    watched = Watched(expert, Pace(SETTLE, patience=1.5))
    watched.start()
    watched.wait(lambda: watched.reports)
    done = threading.Event()

    def write_on() -> None:
        number = 0
        while not done.is_set():
            with (watched.documents / "log.txt").open("a") as file:
                file.write(f"entry {number}\n")
            number += 1
            time.sleep(0.05)

    writer = threading.Thread(target=write_on)
    writer.start()
    (watched.documents / "b.md").write_text("The second text.")
    try:
        watched.wait(lambda: any("documents/b.md" in one.added for one in watched.reports))
        assert not any("documents/log.txt" in one.added for one in watched.reports)
    finally:
        done.set()
        writer.join()
    watched.wait(lambda: any("documents/log.txt" in one.added for one in watched.reports))
    watched.stop()


def test_an_error_stops_nothing_and_the_work_is_done_later(
    expert: Expert, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = Watched(expert, Pace(SETTLE))
    watched.start()
    watched.wait(lambda: watched.reports)
    real, failures = Expert.add, [ModelError("the endpoint is away", hint="Start it.")] * 2

    def failing(self: Expert, *sources: object, **rest: object) -> AddReport:
        if failures:
            raise failures.pop()
        return real(self, *sources, **rest)  # type: ignore[arg-type]

    monkeypatch.setattr(Expert, "add", failing)
    (watched.documents / "b.md").write_text("The second text.")

    watched.wait(lambda: len(watched.reports) >= 2)

    assert len(watched.errors) == 2
    assert watched.seen[1:] == [(("documents/b.md",), (), ())]
    watched.stop()


def test_a_broken_file_is_reported_and_the_next_is_read(watched: Watched) -> None:
    (watched.documents / "broken.docx").write_bytes(b"PK\x03\x04 not a document")
    watched.wait(lambda: len(watched.reports) >= 2)
    (watched.documents / "b.md").write_text("The second text.")
    watched.wait(lambda: len(watched.reports) >= 3)

    assert [one.source for one in watched.reports[1].failed] == ["documents/broken.docx"]
    assert watched.reports[2].added == ("documents/b.md",)


def test_a_folder_that_goes_away_keeps_its_documents_until_it_is_back(watched: Watched) -> None:
    away = watched.documents.with_name("away")
    watched.documents.rename(away)
    watched.wait(lambda: watched.said)
    assert "documents/a.md" in watched.expert.status().documents

    old(away / "b.md", "The second text.")
    away.rename(watched.documents)

    watched.wait(lambda: any("documents/b.md" in one.added for one in watched.reports))
    assert not any(one.removed for one in watched.reports)


def test_only_folders_are_watched(expert: Expert) -> None:
    listener = Listener(print, print, print)
    with pytest.raises(ConfigError, match="no folder"):
        expert.watch(listener=listener, stop=threading.Event())
    with pytest.raises(ConfigError, match=r"a\.md is no folder"):
        file = expert.folder / "documents" / "a.md"
        expert.watch(file, listener=listener, stop=threading.Event())


@pytest.mark.slow
@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
def test_the_command_stops_cleanly_and_prints_a_line_a_batch(expert: Expert, kind: int) -> None:
    command = [sys.executable, "-m", "pakar", "add", "--watch", "documents", "--json"]
    with subprocess.Popen(
        command, cwd=expert.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        first = json.loads(process.stdout.readline())
        (expert.folder / "documents" / "b.md").write_text("The second text.")
        second = json.loads(process.stdout.readline())
        process.send_signal(kind)
        rest, errors = process.communicate(timeout=60)

    assert (first["added"], second["added"]) == (["documents/a.md"], ["documents/b.md"])
    assert (process.returncode, rest) == (0, "")
    assert "Traceback" not in errors
    assert expert.status().documents == ("documents/a.md", "documents/b.md")
