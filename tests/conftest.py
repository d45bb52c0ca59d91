"""What holds for every test: no network, and small models that are found as others' are."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

# Before any library is imported that reads them.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_OFFLINE"] = "1"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
if "PYTEST_XDIST_WORKER" in os.environ:
    # A worker for each core: with threads of its own each would wait for the others'.
    os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest test first: at the end, one worker would wait for it alone."""
    items.sort(key=lambda item: "test_phi3_example" not in item.nodeid)


_BACKEND = '''
"""The kind "testing": embedder `hash`, language models by a file of answers, one a line."""

from pathlib import Path

from pakar.testing import HashEmbedder, ScriptedModel


def open_embedder(name, *, trust_remote_code):
    return HashEmbedder(int(name.removeprefix("hash-")))


def open_language_model(name, *, trust_remote_code):
    return ScriptedModel(Path(name).read_text(encoding="utf-8").splitlines())
'''


def _is_loopback(address: object) -> bool:
    if not isinstance(address, tuple):
        return True  # a socket file of this machine
    host = str(address[0])
    return host in ("localhost", "::1") or host.startswith("127.")


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that leaves the machine fails the test, whoever opens it."""
    for name in ("connect", "connect_ex"):
        real = getattr(socket.socket, name)

        def guarded(self: socket.socket, address: object, _real: object = real) -> object:
            if not _is_loopback(address):
                pytest.fail(f"a test tried to reach {address!r}", pytrace=True)
            return _real(self, address)

        monkeypatch.setattr(socket.socket, name, guarded)


@pytest.fixture(scope="session")
def _plugin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plugin")
    (folder / "pakar_testing_backend.py").write_text(_BACKEND, encoding="utf-8")
    info = folder / "pakar_testing_backend-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: pakar-testing-backend\nVersion: 1.0\n", encoding="utf-8"
    )
    (info / "entry_points.txt").write_text(
        "[pakar.backends]\ntesting = pakar_testing_backend\n", encoding="utf-8"
    )
    return folder


@pytest.fixture
def testing_backend(_plugin: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Installs the kind "testing" for this process and its children; gives an embedder's spec."""
    monkeypatch.syspath_prepend(str(_plugin))
    inherited = os.environ.get("PYTHONPATH", "")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(_plugin), inherited])))
    yield "testing:hash-64"
