"""One writer at a time, told who else is writing, freed by the death of the holder."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pakar.errors import IndexBusyError, StoreError
from pakar.index.lock import writing

HOLD = """
import sys, time
from pathlib import Path
from pakar.index.lock import writing
with writing(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""


@contextmanager
def another_writer(folder: Path, seconds: float) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", HOLD, str(folder), str(seconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def test_a_second_writer_is_told_who_writes_and_gives_up_after_its_wait(tmp_path: Path) -> None:
    told: list[str] = []
    with another_writer(tmp_path / "e", 30) as process:
        started = time.monotonic()
        with (
            pytest.raises(IndexBusyError, match=f"pid {process.pid}, since 20") as error,
            writing(tmp_path / "e", wait=0.3, on_wait=told.append),
        ):
            pass
        assert 0.3 <= time.monotonic() - started < 5
    assert f"another pakar (pid {process.pid}, since 20" in told[0]
    assert error.value.hint


def test_a_second_writer_goes_on_when_the_first_is_done(tmp_path: Path) -> None:
    told: list[str] = []
    with another_writer(tmp_path, 0.3), writing(tmp_path, wait=20, on_wait=told.append):
        pass
    assert len(told) == 1


def test_a_killed_writer_holds_nothing(tmp_path: Path) -> None:
    with another_writer(tmp_path, 30) as process:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        told: list[str] = []
        with writing(tmp_path, wait=0, on_wait=told.append):
            pass
    assert told == []


def test_an_error_frees_the_lock(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), writing(tmp_path):
        raise ZeroDivisionError
    with writing(tmp_path, wait=0):
        pass


def test_a_folder_that_cannot_be_written_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="cannot be written"), writing(tmp_path / "file" / "x"):
        pass
