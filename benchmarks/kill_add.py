"""Kills `pakar add` at random moments and checks that nothing is lost, doubled or torn.

Every round changes some documents, starts adding them, kills it with SIGKILL at a random
moment, checks that each indexed document is whole, adds again to the end, and compares all rows
with an index that was built undisturbed from the same documents. Writes one JSON document.

    python benchmarks/kill_add.py --kills 15                    the library, a cheap embedder
    python benchmarks/kill_add.py --kills 100 --with-cli        `python -m pakar add`
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pakar.backends.lancedb_store import LanceStore
from pakar.index import generations
from pakar.index.build import BatchLimits, Indexer, Steps, one_by_one
from pakar.index.lock import writing
from pakar.index.texts import TextStore
from pakar.testing import HashEmbedder
from pakar.types import Document, Passage

DOCUMENTS = 60
DIMENSIONS = 64
STARTED = "started"
Rows = dict[str, tuple[object, ...]]


@dataclass(frozen=True)
class File:
    name: str
    path: Path


@dataclass(frozen=True)
class Driver:
    """How documents are added: `make` an expert, then run `add` in its folder.

    `announces`: the command prints a line when it has loaded and begins. `undisturbed` does the
    same work with nothing that kills it.
    """

    make: Callable[[Path], None]
    add: list[str]
    announces: bool
    undisturbed: Callable[[Path], object]


def main() -> int:
    arguments = _arguments()
    if arguments.worker:
        _work(Path.cwd())
        return 0
    driver = _cli(arguments.embedder) if arguments.with_cli else _library()
    with tempfile.TemporaryDirectory() as folder:
        result = _kill_often(driver, Path(folder), arguments.kills, arguments.seed)
    json.dump(result, sys.stdout, indent=1)
    print()
    return 1 if result["faults"] else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=15)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--with-cli", action="store_true", help="drive python -m pakar")
    parser.add_argument("--embedder", default="", help="the embedder's spec, with --with-cli")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def _library() -> Driver:
    add = [sys.executable, str(Path(__file__).resolve()), "--worker"]
    return Driver(lambda folder: folder.mkdir(parents=True), add, True, _index)


def _cli(embedder: str) -> Driver:
    def make(folder: Path) -> None:
        chosen = ["--embedder", embedder] if embedder else []
        command = [sys.executable, "-m", "pakar", "new", str(folder), *chosen]
        subprocess.run(command, check=True, capture_output=True, env=_environment())

    add = [sys.executable, "-m", "pakar", "add", "docs"]
    return Driver(make, add, False, lambda folder: _add(add, folder, announces=False))


def _kill_often(driver: Driver, folder: Path, kills: int, seed: int) -> dict[str, object]:
    chance = random.Random(seed)
    expert = folder / "expert"
    driver.make(expert)
    _change(expert / "docs", chance, DOCUMENTS)
    _add(driver.add, expert, announces=driver.announces)
    _change(expert / "docs", chance, DOCUMENTS // 2)
    seconds = _add(driver.add, expert, announces=driver.announces)
    killed, faults = 0, list[str]()
    for number in range(kills):
        earlier = _texts_by_name(expert)
        _change(expert / "docs", chance, DOCUMENTS // 2)
        killed += _killed(driver, expert, chance.uniform(0, 0.9 * seconds))
        faults += [f"kill {number}: {fault}" for fault in _torn(expert, earlier)]
        _add(driver.add, expert, announces=driver.announces)
        fresh = folder / f"fresh-{number}"
        driver.make(fresh)
        shutil.copytree(expert / "docs", fresh / "docs")
        driver.undisturbed(fresh)
        faults += [f"kill {number}: {fault}" for fault in _differences(expert, fresh)]
        shutil.rmtree(fresh)
    return {
        "kills": kills,
        "killed_before_the_end": killed,
        "documents": len(list((expert / "docs").iterdir())),
        "passages": len(_rows(expert)),
        "seconds_undisturbed": round(seconds, 2),
        "faults": faults,
    }


def _change(docs: Path, chance: random.Random, count: int) -> None:
    """Writes `count` documents out of twice as many possible ones, and deletes some others."""
    docs.mkdir(exist_ok=True)
    names = [f"it's {number}.md" for number in range(2 * DOCUMENTS)]
    chosen = chance.sample(names, count)
    for name in chosen:
        lines = [_sentence(chance) for _ in range(chance.randint(1, 12))]
        (docs / name).write_text("\n\n".join(lines), encoding="utf-8")
    for path in [path for path in sorted(docs.iterdir()) if path.name not in chosen][::7]:
        path.unlink()


def _sentence(chance: random.Random) -> str:
    return " ".join(f"word{chance.randint(1, 500)}" for _ in range(12)) + "."


def _environment() -> dict[str, str]:
    """The commands run in another folder, so relative places of modules are made absolute."""
    places = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    absolute = os.pathsep.join(str(Path(place).resolve()) for place in places if place)
    return {**os.environ, "PYTHONPATH": absolute}


def _killed(driver: Driver, expert: Path, after: float) -> bool:
    """Starts adding, kills it `after` seconds; returns whether it was still running."""
    with subprocess.Popen(
        driver.add,
        cwd=expert,
        env=_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        if driver.announces and process.stdout is not None:
            process.stdout.readline()
        time.sleep(after)
        was_running = process.poll() is None
        process.kill()
    return was_running


def _add(command: list[str], expert: Path, *, announces: bool) -> float:
    """Adds to the end; returns the seconds it took, without loading where that is known."""
    started = time.monotonic()
    with subprocess.Popen(
        command,
        cwd=expert,
        env=_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        if announces and process.stdout is not None:
            process.stdout.readline()
            started = time.monotonic()
        _, errors = process.communicate()
    if process.returncode != 0:
        raise SystemExit(f"adding failed ({process.returncode}): {errors[-2000:]}")
    return time.monotonic() - started


def _torn(expert: Path, earlier: dict[str, Counter[str]]) -> list[str]:
    """Documents that are in the index neither as they were before nor as they are now."""
    faults = []
    now = _texts_by_name(expert)
    whole = _whole_documents(expert)
    for name, passages in now.items():
        if passages not in (earlier.get(name), whole.get(name)) and not _covers(expert, name):
            faults.append(f"{name}: {sum(passages.values())} passages are not a whole document")
    for name in set(earlier) - set(now):
        if (expert / name).exists():
            faults.append(f"{name}: was lost")
    return faults


def _whole_documents(expert: Path) -> dict[str, Counter[str]]:
    files = (File(f"docs/{path.name}", path) for path in (expert / "docs").iterdir())
    return {file.name: Counter(p.text for p in _split(_read(file))) for file in files}


def _covers(expert: Path, name: str) -> bool:
    """Whether the indexed passages hold every word of the file (for another splitter)."""
    indexed = {word for row in _rows(expert).values() if row[0] == name for word in row[3].split()}
    return set((expert / name).read_text(encoding="utf-8").split()) <= indexed


def _texts_by_name(expert: Path) -> dict[str, Counter[str]]:
    found: dict[str, Counter[str]] = {}
    for document, _, _, text, *_ in _rows(expert).values():
        found.setdefault(str(document), Counter())[str(text)] += 1
    return found


def _differences(expert: Path, fresh: Path) -> list[str]:
    mine, undisturbed = _rows(expert), _rows(fresh)
    faults = [f"{len(set(mine) ^ set(undisturbed))} passages differ"] * (mine != undisturbed)
    texts = TextStore(expert / ".pakar" / "texts")
    for document, start, end, text, content_hash, *_ in mine.values():
        if texts.load(str(document), str(content_hash)).text[start:end] != text:
            faults.append(f"{document}: the kept text does not have a passage")
    return faults


def _rows(expert: Path) -> Rows:
    """Every row by its id. A doubled id is a fault of its own."""
    import lancedb

    path = generations.current(expert / ".pakar")
    if not (path / "passages.lance" / "_versions").is_dir():
        return {}
    columns = ["document", "start", "end", "text", "content_hash", "kind", "title", "terms"]
    table = lancedb.connect(path).open_table("passages")
    found = table.search().select(["id", *columns]).to_arrow().to_pylist()
    rows: Rows = {row["id"]: tuple(row[column] for column in columns) for row in found}
    if len(rows) != len(found):
        raise SystemExit(f"{len(found) - len(rows)} passages are doubled")
    return rows


def _work(expert: Path) -> None:
    import lancedb  # noqa: F401  loaded before the line that starts the clock

    print(STARTED, flush=True)
    _index(expert)


def _index(expert: Path) -> None:
    """What `pakar add docs` does, with a cheap embedder and splitter."""
    home = expert / ".pakar"
    steps = Steps(one_by_one(_read), _split, lambda p: p.text, lambda p: p.text.lower().split())
    store = LanceStore(generations.current(home), DIMENSIONS)
    limits = BatchLimits(documents=4)
    indexer = Indexer(steps, HashEmbedder(DIMENSIONS), store, TextStore(home / "texts"), limits)
    paths = sorted((expert / "docs").iterdir())
    with writing(home):
        report = indexer.add([File(f"docs/{path.name}", path) for path in paths], ["docs"])
    if report.failed:
        raise SystemExit(str(report.failed))


def _read(file: File) -> Document:
    content = file.path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    return Document(file.name, content.decode(), file.name, "en", digest, "text/markdown")


def _split(document: Document) -> list[Passage]:
    passages, start = [], 0
    for paragraph in document.text.split("\n\n"):
        passages.append(Passage(document.name, start, start + len(paragraph), paragraph))
        start += len(paragraph) + 2
    return passages


if __name__ == "__main__":
    sys.exit(main())
