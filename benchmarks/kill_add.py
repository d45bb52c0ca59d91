"""Kills `add` with SIGKILL at random moments and compares what is left with an undisturbed run.

Each round starts from a prepared expert: nothing indexed yet ("first"), or everything indexed and
then a third of the files changed, others gone and two new ("some"), or all changed ("all"). Adding
is started in a process of its own and killed at a random moment of its usual duration. What is
readable then has to be whole, and no reading process may be left. Then it is run again to the
end: all rows (ids, texts, places, words, vectors, hashes), the kept texts and the newest version
of the history have to equal those of an expert that did the same undisturbed. Every other round
commits four documents at a time, which gives the kill more moments between two commits.
Writes one JSON document. Linux.

    python benchmarks/kill_add.py                       200 kills over the example, a cheap embedder
    python benchmarks/kill_add.py --kills 20 --cli --embedder bundled:multilingual-e5-small
"""

from __future__ import annotations

import argparse
import functools
import hashlib
import json
import multiprocessing
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pakar import Expert
from pakar.backends.lancedb_store import LanceStore
from pakar.documents.workers.process import SERVER
from pakar.flows import adding
from pakar.index import generations, manifest
from pakar.index.build import BatchLimits, Indexer
from pakar.index.texts import TextStore
from pakar.ports import TextRole, Vectors
from pakar.testing import HashEmbedder

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "zx_bank" / "documents"
DOCUMENTS = "documents"
CHEAP = "cheap"
_DIMENSIONS = 64
_SMALL_COMMIT = 4  # documents
_LONGEST = 600  # seconds of one run to the end; a longer one counts as a failure
# A reading process that is just starting has to get so far first: long on a busy machine.
_ORPHAN_SECONDS = 60
State = dict[str, object]


class SeededEmbedder(HashEmbedder):
    """As good as no time for a text: its hash seeds its vector."""

    def embed(self, texts: Sequence[str], role: TextRole) -> Vectors:
        seeds = [hashlib.blake2b(text.encode(), digest_size=8).digest() for text in texts]
        drawn = [np.random.default_rng(int.from_bytes(seed)) for seed in seeds]
        vectors = np.array([one.standard_normal(_DIMENSIONS) for one in drawn], dtype=np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@dataclass(frozen=True)
class Adding:
    """How documents are added: by the library, with a cheap embedder where that is named, or by
    the command."""

    embedder: str
    by_command: bool

    def create(self, folder: Path) -> None:
        Expert.create(folder, **({} if self.embedder == CHEAP else {"embedder": self.embedder}))

    def start(self, folder: Path, *, small: bool = False) -> multiprocessing.Process:
        process = multiprocessing.Process(target=self._add, args=(folder, small))
        process.start()
        return process

    def run(self, folder: Path) -> float:
        """Adds to the end; returns the seconds that took, the start of the process included."""
        started = time.monotonic()
        process = self.start(folder)
        process.join(_LONGEST)
        if process.exitcode != 0:
            raise SystemExit(f"adding failed: {process.exitcode}")
        return time.monotonic() - started

    def _add(self, folder: Path, small: bool) -> None:
        os.chdir(folder)
        if self.by_command:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            os.execv(sys.executable, [sys.executable, "-m", "pakar", "add", DOCUMENTS])
        if small:
            limits = BatchLimits(documents=_SMALL_COMMIT)
            vars(adding)["Indexer"] = functools.partial(Indexer, limits=limits)
        expert = Expert.open(Path())
        if self.embedder == CHEAP:
            vars(expert._place)["embedder"] = SeededEmbedder(_DIMENSIONS)
        report = expert.add(DOCUMENTS)
        if report.failed:
            raise SystemExit(str(report.failed))


@dataclass(frozen=True)
class Scene:
    """An expert before a run, the documents in its index then, its state after an undisturbed run,
    and that run's seconds."""

    name: str
    before: Path
    earlier: dict[str, str]
    wanted: State
    seconds: float

    def shown(self) -> dict[str, object]:
        documents = self.wanted["documents"]
        return {
            "name": self.name,
            "documents": len(documents) if isinstance(documents, dict) else 0,
            "passages": self.wanted["passages"],
            "seconds_undisturbed": round(self.seconds, 2),
        }


@dataclass(frozen=True)
class Round:
    """What one kill met, and what was wrong afterwards."""

    was_running: bool
    is_between: bool
    workers: int
    seconds_left: float
    faults: list[str]


def main() -> int:
    arguments = _arguments()
    # Each run is a fork of a server that has loaded the libraries once, with no threads yet.
    os.environ.setdefault("PYTHONWARNINGS", "ignore:lancedb fork support")
    multiprocessing.set_start_method("forkserver")
    multiprocessing.set_forkserver_preload(["pakar.expert", "lancedb", "pyarrow"])
    with tempfile.TemporaryDirectory() as folder:
        result = _kill_often(Path(folder), arguments)
    json.dump(result, sys.stdout, indent=1)
    print()
    return 1 if result["faults"] else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="ends it earlier")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--documents", type=Path, default=EXAMPLE, help="a folder of files")
    parser.add_argument("--embedder", default=CHEAP, help="a spec; cheap: hashes of texts")
    parser.add_argument("--cli", action="store_true", help="python -m pakar add; needs a spec")
    arguments = parser.parse_args()
    if arguments.cli and arguments.embedder == CHEAP:
        parser.error("--cli needs --embedder SPEC: the command knows no cheap one")
    return arguments


def _kill_often(folder: Path, arguments: argparse.Namespace) -> dict[str, object]:
    chance = random.Random(arguments.seed)
    started = time.monotonic()
    how = Adding(arguments.embedder, arguments.cli)
    scenes = [_scene(folder, arguments.documents, name, how) for name in _CHANGES]
    rounds, faults = list[Round](), list[str]()
    while (kills := sum(one.was_running for one in rounds)) < arguments.kills:
        if time.monotonic() - started > 60 * arguments.minutes:
            break
        number = len(rounds)
        scene = scenes[number % len(scenes)]
        after = chance.uniform(0, scene.seconds)
        rounds.append(_round(folder / "killed", scene, how, after, small=number % 2 == 1))
        faults += [f"round {number} ({scene.name}): {fault}" for fault in rounds[-1].faults]
        print(f"{kills} kills, {number + 1} rounds, faults: {faults}", file=sys.stderr)
    return {
        "embedder": arguments.embedder,
        "by": "the command" if arguments.cli else "Expert.add",
        "rounds": len(rounds),
        "killed_before_the_end": kills,
        "killed_between_two_commits": sum(one.is_between for one in rounds),
        "killed_with_reading_processes": sum(one.workers > 0 for one in rounds),
        "reading_processes_ended_by_it": sum(one.workers for one in rounds),
        "seconds_until_they_had_ended": round(max(one.seconds_left for one in rounds), 2),
        "scenes": [scene.shown() for scene in scenes],
        "seconds": round(time.monotonic() - started),
        "faults": faults,
    }


def _round(expert: Path, scene: Scene, how: Adding, after: float, *, small: bool) -> Round:
    shutil.copytree(scene.before, expert)
    process = how.start(expert, small=small)
    owner = process.pid or 0
    time.sleep(after)
    workers = _workers(owner)
    was_running = process.is_alive()
    with suppress(ProcessLookupError):
        os.kill(owner, signal.SIGKILL)
    process.join()
    killed = time.monotonic()
    faults = _orphans(owner)
    seconds_left = time.monotonic() - killed
    found = _documents(expert)
    faults += _unreadable(expert)
    how.run(expert)
    state = _state(expert)
    faults += [f"{key} differ" for key in state if scene.wanted[key] != state[key]]
    shutil.rmtree(expert)
    is_between = was_running and found not in (scene.earlier, scene.wanted["documents"])
    met = len(workers) if was_running else 0
    return Round(was_running, is_between, met, seconds_left, faults)


def _workers(owner: int) -> list[int]:
    """The reading processes of an owner; their last argument is its number."""
    found = []
    for folder in Path("/proc").iterdir():
        with suppress(OSError):
            words = (folder / "cmdline").read_bytes().split(b"\0") if folder.name.isdigit() else []
            if SERVER.encode() in words and str(owner).encode() in words:
                found.append(int(folder.name))
    return found


def _orphans(owner: int) -> list[str]:
    """One fault where reading processes outlive their owner."""
    deadline = time.monotonic() + _ORPHAN_SECONDS
    while (left := _workers(owner)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return [f"{len(left)} reading processes were left"] * bool(left)


def _scene(folder: Path, documents: Path, name: str, how: Adding) -> Scene:
    before = folder / name
    how.create(before)
    shutil.copytree(documents, before / DOCUMENTS)
    change = _CHANGES[name]
    if change is not None:
        how.run(before)
        change(before / DOCUMENTS)
    after = folder / f"{name}-undisturbed"
    shutil.copytree(before, after)
    seconds = how.run(after)
    return Scene(name, before, _documents(before), _state(after), seconds)


def _change_some(docs: Path) -> None:
    """A third of the files gets another content, a fifth goes, and two come."""
    paths = _files(docs)
    _rotate(docs, paths[::3])
    for path in paths[1::5]:
        if path not in paths[::3]:
            path.unlink()
    for number in range(2):
        (docs / f"new-{number}.md").write_text(f"# New {number}\n\nIt costs {number} rupees.\n")


def _change_all(docs: Path) -> None:
    _rotate(docs, _files(docs))


def _rotate(docs: Path, paths: list[Path]) -> None:
    """Gives each of these files the content of the next file of its kind."""
    contents = {path: path.read_bytes() for path in _files(docs)}
    for path in paths:
        kin = [other for other in contents if other.suffix == path.suffix]
        path.write_bytes(contents[kin[(kin.index(path) + 1) % len(kin)]])


def _files(docs: Path) -> list[Path]:
    return sorted(path for path in docs.rglob("*") if path.is_file())


_CHANGES: dict[str, Callable[[Path], None] | None] = {
    "first": None,
    "some": _change_some,
    "all": _change_all,
}


def _store(expert: Path) -> LanceStore | None:
    folder = generations.current(expert / ".pakar")
    known = manifest.load(folder)
    return LanceStore(folder, known.dimensions) if known else None


def _documents(expert: Path) -> dict[str, str]:
    store = _store(expert)
    return dict(store.snapshot().documents()) if store else {}


def _unreadable(expert: Path) -> list[str]:
    """What a reader between the kill and the next run could not be served."""
    store = _store(expert)
    if store is None:
        return []
    texts = TextStore(expert / ".pakar" / "texts")
    return [
        f"{row.passage.document}: the kept text does not have a passage"
        for row in store.snapshot().rows()
        # A summary's sentences stand apart in its document.
        if row.passage.kind != "summary"
        and texts.load(row.passage.document, row.content_hash).text[
            row.passage.start : row.passage.end
        ]
        != row.passage.text
    ]


def _state(expert: Path) -> State:
    """All that an expert holds, in a form that can be compared."""
    store = _store(expert)
    if store is None:
        raise SystemExit("no index")
    texts = TextStore(expert / ".pakar" / "texts")
    rows = list(store.snapshot().rows())
    documents = _documents(expert)
    return {
        "documents": documents,
        "passages": len(rows),
        "rows": {row.passage.id: (row.passage, row.content_hash, tuple(row.terms)) for row in rows},
        "vectors": {row.passage.id: _digest(row.vector.tobytes()) for row in rows},
        "texts": {name: texts.load(name, content) for name, content in documents.items()},
        "newest version": dict(_history(expert)),
    }


def _history(expert: Path) -> dict[str, str]:
    versions = Expert.open(expert).history().versions
    return dict(versions[-1].documents)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
