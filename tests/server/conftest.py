"""A small expert, and servers of it: in this process over a real socket."""

from __future__ import annotations

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
ANSWER = "A cheque book costs 50 rupees."

StartServer = Callable[[Expert], str]


@pytest.fixture
def answers(tmp_path: Path) -> Path:
    """What the model says, one answer a line; a test writes others before it asks."""
    file = tmp_path / "answers.txt"
    file.write_text(f"{ANSWER}\n" * 50)
    return file


@pytest.fixture
def bank(testing_backend: str, answers: Path, tmp_path: Path) -> Expert:
    """An expert on fees, whose folder is called bank."""
    expert = Expert.create(
        tmp_path / "bank", language_model=f"testing:{answers}", embedder=testing_backend
    )
    documents = tmp_path / "bank" / "documents"
    documents.mkdir()
    (documents / "fees.md").write_text(FEES)
    expert.add(documents)
    return expert


@pytest.fixture
def start() -> Iterator[StartServer]:
    """Starts servers on free ports of this machine, and stops them after the test."""
    running: list[tuple[uvicorn.Server, threading.Thread]] = []

    def begin(expert: Expert) -> str:
        listening = socket.socket()
        listening.bind(("127.0.0.1", 0))
        config = uvicorn.Config(create_app(expert), log_config=None, timeout_graceful_shutdown=2)
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
