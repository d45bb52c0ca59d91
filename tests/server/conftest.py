"""A small expert, and servers of it: in this process over a real socket."""

from __future__ import annotations

import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import uvicorn

from pakar import Expert
from pakar.server.app import create_app

FEES = "# Fees\n\nA cheque book costs 50 rupees.\n\n# Hours\n\nBranches open at nine.\n"
SALARIES = "# Salaries\n\nThe chief of the cheque department earns 900 rupees.\n"
ANSWER = "A cheque book costs 50 rupees."

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

StartServer = Callable[..., str]


@pytest.fixture(scope="session")
def chromium() -> str:
    """Where the browser is; the test is skipped where there is none."""
    pytest.importorskip("playwright", reason="playwright is not installed")
    found = next((path for name in _BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip(f"no browser: none of {', '.join(_BROWSERS)} is installed")
    return found


@pytest.fixture
def answers(tmp_path: Path) -> Path:
    """What the model says, one answer a line; a test writes others before it asks."""
    file = tmp_path / "answers.txt"
    file.write_text(f"{ANSWER}\n" * 50)
    return file


@pytest.fixture
def bank(testing_backend: str, answers: Path, tmp_path: Path) -> Expert:
    """An expert on fees, whose folder is called bank."""
    folder = tmp_path / "bank"
    made = Expert.create(folder, language_model=f"testing:{answers}", embedder=testing_backend)
    (folder / "documents").mkdir()
    (folder / "documents" / "fees.md").write_text(FEES)
    made.add(folder / "documents")
    return made


@pytest.fixture
def labelled(bank: Expert) -> Expert:
    """The same, with salaries that only the board may read."""
    settings = bank.folder / "pakar.toml"
    settings.write_text(settings.read_text() + '"documents/board/**" = ["board"]\n')
    (bank.folder / "documents" / "board").mkdir()
    (bank.folder / "documents" / "board" / "salaries.md").write_text(SALARIES)
    opened = Expert.open(bank.folder)
    opened.add(bank.folder / "documents")
    return opened


@pytest.fixture
def start() -> Iterator[StartServer]:
    """Starts servers on free ports of this machine, and stops them after the test."""
    running: list[tuple[uvicorn.Server, threading.Thread]] = []

    def begin(expert: Expert, required: bool = False) -> str:
        listening = socket.socket()
        listening.bind(("127.0.0.1", 0))
        app = create_app(expert, required=required)
        config = uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=2)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        running.append((server, thread))
        while not server.started:
            time.sleep(0.005)
        return f"http://127.0.0.1:{listening.getsockname()[1]}"

    yield begin
    for server, thread in running:
        server.should_exit = True
        thread.join(10)
        assert not thread.is_alive()


@pytest.fixture
def url(bank: Expert, start: StartServer) -> str:
    return start(bank)
