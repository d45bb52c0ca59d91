"""How the server holds up: readers at once against a fast fake model, and a kill under load.

Writes one JSON document to stdout. The server is `pakar serve` in a process of its own, over the
shipped documents and with the embedder named. Each reader waits about a second between requests,
as people do, and then searches, asks with a stream, asks in a conversation and says what they
think of the answer, or looks at their conversations. At the end the server is killed while all
of that goes on, started again, and everything that it had acknowledged is looked for.

    python benchmarks/serve_load.py --readers 50 --seconds 30
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from pakar import Expert
from pakar.server.storage.database import Database
from pakar.server.storage.feedback import FeedbackStore

DOCUMENTS = Path(__file__).parent.parent / "examples" / "zx_bank" / "documents"
FIRST_TOKEN_SECONDS = 0.02
_BACKEND = f"""
import time
from pakar.ports import ModelInfo
from pakar.testing import HashEmbedder


class Fast:
    info = ModelInfo("load:fast", 8192)

    def count_tokens(self, messages):
        return sum(len(turn.content.split()) for turn in messages)

    def generate(self, messages, settings):
        time.sleep({FIRST_TOKEN_SECONDS})
        for word in ("A cheque book costs 50 rupees at every branch of the bank. " * 3).split():
            yield word + " "


def open_language_model(name, *, trust_remote_code):
    return Fast()


def open_embedder(name, *, trust_remote_code):
    return HashEmbedder(int(name))
"""
QUESTIONS = tuple(
    json.loads(line)["question"]
    for line in (DOCUMENTS.parent / "questions.jsonl").read_text("utf-8").splitlines()
)


@dataclass
class Seen:
    """What the readers saw: seconds by kind of request, errors, and what was acknowledged."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    errors: list[str] = field(default_factory=list)
    turns: list[tuple[str, str]] = field(default_factory=list)
    feedback: list[str] = field(default_factory=list)
    killed: bool = False


def main() -> None:
    arguments = _arguments()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = _plugin(folder)
        expert = _expert(folder, arguments.embedder)
        process, url, started = _serve(expert.folder, environment)
        seen = asyncio.run(_load(arguments, process, url))
        process, url, _ = _serve(expert.folder, environment)
        lost = _lost(expert.folder, url, seen)
        process.terminate()
        process.wait()
    json.dump(_result(arguments, seen, started, lost), sys.stdout, indent=1)
    sys.stdout.write("\n")


async def _load(arguments: argparse.Namespace, process: subprocess.Popen[bytes], url: str) -> Seen:
    seen = Seen()
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=url, timeout=60, limits=limits) as client:
        warm = Seen()
        await _stream(client, warm, f"{QUESTIONS[0]} In which town?")
        end = time.perf_counter() + arguments.seconds
        draw = random.Random(arguments.seed)
        readers = [
            asyncio.create_task(_reader(client, seen, end, random.Random(draw.random())))
            for _ in range(arguments.readers)
        ]
        await asyncio.sleep(arguments.seconds * 0.95)
        seen.killed = True
        process.kill()
        process.wait()
        await asyncio.gather(*readers, return_exceptions=True)
    return seen


async def _reader(client: httpx.AsyncClient, seen: Seen, end: float, draw: random.Random) -> None:
    while time.perf_counter() < end and not seen.killed:
        await asyncio.sleep(draw.uniform(0.5, 1.5))
        work = draw.choices((_search, _stream, _converse, _look), (6, 2, 1, 1))[0]
        try:
            # No two alike: what is remembered of earlier questions does not help.
            asked = f"{draw.choice(QUESTIONS)} My number is {draw.randrange(10**6)}."
            await work(client, seen, asked)
        except (httpx.HTTPError, KeyError) as error:
            if not seen.killed:
                seen.errors.append(f"{work.__name__}: {type(error).__name__}: {error}")


async def _search(client: httpx.AsyncClient, seen: Seen, question: str) -> None:
    began = time.perf_counter()
    (await client.post("/api/search", json={"query": question})).raise_for_status()
    seen.seconds["search"].append(time.perf_counter() - began)


async def _stream(client: httpx.AsyncClient, seen: Seen, question: str) -> None:
    body = {"model": "rag", "stream": True, "messages": [{"role": "user", "content": question}]}
    began = time.perf_counter()
    async with client.stream("POST", "/v1/chat/completions", json=body) as stream:
        stream.raise_for_status()
        chunks = stream.aiter_bytes()
        await anext(chunks)
        seen.seconds["first byte"].append(time.perf_counter() - began)
        async for _ in chunks:
            pass
    seen.seconds["stream"].append(time.perf_counter() - began)


async def _converse(client: httpx.AsyncClient, seen: Seen, question: str) -> None:
    began = time.perf_counter()
    kept = await client.post("/api/ask", json={"question": question})
    kept.raise_for_status()
    seen.seconds["ask"].append(time.perf_counter() - began)
    answer = kept.json()
    seen.turns.append((answer["conversation"], answer["turn"]))
    said = await client.post("/api/feedback", json={"turn": answer["turn"], "verdict": "up"})
    said.raise_for_status()
    seen.feedback.append(said.json()["id"])


async def _look(client: httpx.AsyncClient, seen: Seen, question: str) -> None:
    began = time.perf_counter()
    (await client.get("/api/conversations")).raise_for_status()
    seen.seconds["conversations"].append(time.perf_counter() - began)


def _lost(folder: Path, url: str, seen: Seen) -> dict[str, int]:
    turns = 0
    with httpx.Client(base_url=url, timeout=60) as client:
        for conversation, turn in seen.turns:
            found = client.get(f"/api/conversations/{conversation}").json().get("turns", [])
            turns += turn not in [one["id"] for one in found]
    database = Database.beside(folder)
    kept = {one.id for one in FeedbackStore(database).all()}
    database.close()
    return {"conversations": turns, "feedback": len(set(seen.feedback) - kept)}


def _result(
    arguments: argparse.Namespace, seen: Seen, started: float, lost: dict[str, int]
) -> dict[str, object]:
    return {
        "readers": arguments.readers,
        "seconds": arguments.seconds,
        "embedder": arguments.embedder,
        "cores": os.cpu_count(),
        "load_before": os.getloadavg()[0],
        "start_to_first_page_s": round(started, 2),
        "model_first_token_ms": FIRST_TOKEN_SECONDS * 1000,
        "milliseconds": {kind: _spread(times) for kind, times in seen.seconds.items()},
        "errors": len(seen.errors),
        "first_errors": seen.errors[:3],
        "acknowledged": {"conversations": len(seen.turns), "feedback": len(seen.feedback)},
        "lost_by_the_kill": lost,
    }


def _spread(times: list[float]) -> dict[str, float]:
    ordered = sorted(times)
    at = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
    values = {name: ordered[int(share * (len(ordered) - 1))] for name, share in at.items()}
    return {"count": len(ordered)} | {
        name: round(1000 * value, 1) for name, value in values.items()
    }


def _serve(folder: Path, environment: dict[str, str]) -> tuple[subprocess.Popen[bytes], str, float]:
    log = folder.parent / "log"
    began = time.perf_counter()
    with log.open("w") as file:
        code = "from pakar.cli.main import run; run()"
        arguments = ["serve", "--port", "0", "--expert", str(folder)]
        process = subprocess.Popen(
            [sys.executable, "-c", code, *arguments], stderr=file, env=environment
        )
    while not (found := re.search(r"http://\S+", log.read_text())):
        time.sleep(0.01)
        if process.poll() is not None:
            raise SystemExit(log.read_text())
    while True:
        try:
            httpx.get(found[0], headers={"accept": "text/html"}).raise_for_status()
            return process, found[0], time.perf_counter() - began
        except httpx.TransportError:
            time.sleep(0.01)


def _expert(folder: Path, embedder: str) -> Expert:
    expert = Expert.create(folder / "bank", language_model="load:fast", embedder=embedder)
    settings = expert.folder / "pakar.toml"
    settings.write_text(settings.read_text().replace("running = 2", "running = 8"))
    expert.add(DOCUMENTS)
    return Expert.open(expert.folder)


def _plugin(folder: Path) -> dict[str, str]:
    place = folder / "plugin"
    info = place / "pakar_load-1.0.dist-info"
    info.mkdir(parents=True)
    (place / "pakar_load_backend.py").write_text(_BACKEND)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: pakar-load\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[pakar.backends]\nload = pakar_load_backend\n")
    sys.path.insert(0, str(place))
    inherited = os.environ.get("PYTHONPATH", "")
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [str(place), inherited]))}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readers", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--embedder", default="bundled:multilingual-e5-small")
    return parser.parse_args()


if __name__ == "__main__":
    main()
