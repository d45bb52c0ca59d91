"""Kills `add` on the shipped example with SIGKILL at random moments, 200 times by default.

Each round starts from a prepared expert: nothing indexed yet ("first"), or the example indexed and
then a third of its files changed and others gone and new ("some"), or all changed ("all"). Adding
is started in a process of its own and killed at a random
moment of its usual duration; then it is run again to the end. All rows (ids, texts, places, words,
vectors, hashes), the kept texts and the newest version of the history have to equal those of an
expert that did the same undisturbed. Writes one JSON document.

    python benchmarks/kill_example.py                               200 kills, a cheap embedder
    python benchmarks/kill_example.py --kills 20 --embedder bundled:multilingual-e5-small
"""

from __future__ import annotations

import argparse
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
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pakar import Expert
from pakar.backends.lancedb_store import LanceStore
from pakar.index import generations, manifest
from pakar.index.texts import TextStore
from pakar.testing import HashEmbedder

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "zx_bank" / "documents"
DOCUMENTS = "documents"
CHEAP = "cheap"
_LONGEST = 600  # seconds of one run to the end; a longer one counts as a failure
State = dict[str, object]


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


def main() -> int:
    arguments = _arguments()
    # A server that has loaded the libraries once: each run is a fork of it, with no threads yet.
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
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--embedder", default=CHEAP, help="a spec; cheap: hashes of letters")
    return parser.parse_args()


def _kill_often(folder: Path, arguments: argparse.Namespace) -> dict[str, object]:
    chance = random.Random(arguments.seed)
    started = time.monotonic()
    scenes = [_scene(folder, name, change, arguments.embedder) for name, change in _CHANGES.items()]
    kills, rounds, halfway, faults = 0, 0, 0, list[str]()
    while kills < arguments.kills:
        scene = scenes[rounds % len(scenes)]
        rounds += 1
        expert = folder / "killed"
        shutil.copytree(scene.before, expert)
        was_running = _killed(expert, arguments.embedder, chance.uniform(0, scene.seconds))
        kills += was_running
        halfway += was_running and _documents(expert) not in (
            scene.earlier,
            scene.wanted["documents"],
        )
        faults += [f"round {rounds}: {fault}" for fault in _unreadable(expert)]
        _run(expert, arguments.embedder)
        found = _state(expert)
        faults += [
            f"round {rounds}: {key} differ" for key in found if scene.wanted[key] != found[key]
        ]
        shutil.rmtree(expert)
        print(f"{kills} kills in {rounds} rounds, {len(faults)} faults", file=sys.stderr)
    return {
        "embedder": arguments.embedder,
        "rounds": rounds,
        "killed_before_the_end": kills,
        "killed_between_two_commits": halfway,
        "scenes": [scene.shown() for scene in scenes],
        "seconds": round(time.monotonic() - started),
        "faults": faults,
    }


def _scene(folder: Path, name: str, change: Callable[[Path], None] | None, embedder: str) -> Scene:
    before = folder / name
    Expert.create(before, **({} if embedder == CHEAP else {"embedder": embedder}))
    shutil.copytree(EXAMPLE, before / DOCUMENTS)
    if change is not None:
        _run(before, embedder)
        change(before / DOCUMENTS)
    times = []
    for attempt in range(2):
        after = folder / f"{name}-undisturbed-{attempt}"
        shutil.copytree(before, after)
        times.append(_run(after, embedder))
    return Scene(name, before, _documents(before), _state(after), min(times))


def _change_some(docs: Path) -> None:
    """A third of the files gets another text, a fifth goes, and two come."""
    paths = sorted(path for path in docs.rglob("*.md") if path.is_file())
    for path in paths[::3]:
        path.write_text(path.read_text(encoding="utf-8").replace("a", "o"), encoding="utf-8")
    for path in paths[1::5]:
        if path not in paths[::3]:
            path.unlink()
    for number in range(2):
        (docs / f"new-{number}.md").write_text(f"# New {number}\n\nIt costs {number} rupees.\n")


def _change_all(docs: Path) -> None:
    for path in sorted(path for path in docs.rglob("*.md") if path.is_file()):
        path.write_text(path.read_text(encoding="utf-8") + "\n\nOne more line.\n", encoding="utf-8")


_CHANGES: dict[str, Callable[[Path], None] | None] = {
    "first": None,
    "some": _change_some,
    "all": _change_all,
}


def _open(folder: Path, embedder: str) -> Expert:
    expert = Expert.open(folder)
    if embedder == CHEAP:
        expert._place.embedder = HashEmbedder()
    return expert


def _add(folder: Path, embedder: str) -> None:
    os.chdir(folder)
    report = _open(Path(), embedder).add(DOCUMENTS)
    if report.failed:
        raise SystemExit(str(report.failed))


def _run(folder: Path, embedder: str) -> float:
    """Adds to the end; returns the seconds that took, the start of the process included."""
    started = time.monotonic()
    process = multiprocessing.Process(target=_add, args=(folder, embedder))
    process.start()
    process.join(_LONGEST)
    if process.exitcode != 0:
        raise SystemExit(f"adding failed: {process.exitcode}")
    return time.monotonic() - started


def _killed(folder: Path, embedder: str, after: float) -> bool:
    """Adds and is killed `after` seconds; returns whether it was still running."""
    process = multiprocessing.Process(target=_add, args=(folder, embedder))
    process.start()
    time.sleep(after)
    was_running = process.is_alive()
    if was_running and process.pid is not None:
        os.kill(process.pid, signal.SIGKILL)
    process.join()
    return was_running


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
        if texts.load(row.passage.document, row.content_hash).text[
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
