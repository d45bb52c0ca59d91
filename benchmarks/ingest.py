"""`add` on files of each format, and on more and more passages: speed, memory, where time goes.

    python benchmarks/ingest.py formats FOLDER                 files below FOLDER, by format
    python benchmarks/ingest.py growth FOLDER --passages 1000 10000 100000

`growth` writes Markdown files of shuffled sentences of the Markdown files below FOLDER, about six
passages a file. The embedder is a cheap one (a text's hash seeds 384 numbers), so that reading
and index are measured and not a model; `--embedder SPEC` takes a real one. Every case runs in
a process of its own, so that its peak memory is its own. Prints one JSON document. Linux.

Seconds by the clock and processor seconds of the adding process, by step: `reading` waits for the
reading processes (which go on reading during the other steps), `splitting` makes passages, `words`
stems them, `embedding` is the embedder, `writing` commits to the database, `texts` keeps the
documents' texts, `tidying` merges the database's files and builds its indexes, `history` notes a
version and runs the probe.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import wraps
from pathlib import Path

import numpy as np

from pakar import Expert
from pakar.backends.lancedb_store import LanceStore
from pakar.documents.workers.pool import ReadingPool
from pakar.flows import adding
from pakar.flows.keeping import Keeper
from pakar.flows.workplace import Workplace
from pakar.index.texts import TextStore
from pakar.ports import TextRole, Vectors
from pakar.testing import HashEmbedder

FORMATS = ("md", "html", "docx", "pptx", "pdf")
CHEAP = "cheap"
_DIMENSIONS = 384
_MEGABYTE = 1_000_000
_PASSAGES_A_FILE = 6
_WORDS_A_PASSAGE = 110
_SENTENCE = re.compile(r"[^.!?\n#|*_]{20,}[.!?]")


class SeededEmbedder(HashEmbedder):
    """As good as no time for a text: its hash seeds its vector."""

    def __init__(self) -> None:
        super().__init__(_DIMENSIONS)

    def embed(self, texts: Sequence[str], role: TextRole) -> Vectors:
        vectors = np.empty((len(texts), _DIMENSIONS), dtype=np.float32)
        for row, text in zip(vectors, texts, strict=True):
            seed = hashlib.blake2b(text.encode(), digest_size=8).digest()
            row[:] = np.random.default_rng(int.from_bytes(seed)).standard_normal(_DIMENSIONS)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


class Clock:
    """Seconds by step, by the clock and of the processor. A step within another counts for itself
    only."""

    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = {}
        self._within: list[list[float]] = []

    def around(self, owner: object, name: str, step: str) -> None:
        """From now on, what `owner.name` takes counts as `step`."""
        setattr(owner, name, self.timed(getattr(owner, name), step))

    def timed(self, call: Callable[..., object], step: str) -> Callable[..., object]:
        @wraps(call)
        def timed(*values: object, **named: object) -> object:
            started = _now()
            self._within.append([0.0, 0.0])
            try:
                return call(*values, **named)
            finally:
                took = [end - begin for end, begin in zip(_now(), started, strict=True)]
                within = self._within.pop()
                total = self.seconds.setdefault(step, [0.0, 0.0])
                for at in range(2):
                    total[at] += took[at] - within[at]
                    if self._within:
                        self._within[-1][at] += took[at]

        return timed


def _now() -> list[float]:
    return [time.perf_counter(), time.process_time()]


def main() -> None:
    arguments = _arguments()
    if arguments.what == "case":
        print(json.dumps(_case(arguments.folder, arguments.embedder, arguments.endings)))
        return
    cases = _formats(arguments) if arguments.what == "formats" else _growth(arguments)
    json.dump({"embedder": arguments.embedder, "cores": _cores(), "cases": list(cases)},
              sys.stdout, indent=1)  # fmt: skip
    print()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("formats", "growth", "case"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--passages", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--embedder", default=CHEAP, help="a spec; cheap: hashes of texts")
    parser.add_argument("--endings", nargs="+", default=FORMATS)
    return parser.parse_args()


def _cores() -> int:
    return len(os.sched_getaffinity(0))


def _formats(arguments: argparse.Namespace) -> Iterator[dict[str, object]]:
    for ending in arguments.endings:
        yield {"format": ending, **_measured(arguments.folder, arguments.embedder, ending)}


def _growth(arguments: argparse.Namespace) -> Iterator[dict[str, object]]:
    sentences = _sentences(arguments.folder)
    for passages in arguments.passages:
        with tempfile.TemporaryDirectory() as folder:
            _write(Path(folder), sentences, passages)
            yield {"wanted": passages, **_measured(Path(folder), arguments.embedder, "md")}


def _measured(folder: Path, embedder: str, ending: str) -> dict[str, object]:
    """Runs one case in a process of its own."""
    command = [sys.executable, __file__, "case", str(folder.resolve()), "--embedder", embedder]
    done = subprocess.run(
        [*command, "--endings", ending], stdout=subprocess.PIPE, check=True, text=True
    )
    result: dict[str, object] = json.loads(done.stdout)
    print(json.dumps(result), file=sys.stderr)
    return result


def _case(folder: Path, embedder: str, endings: Sequence[str]) -> dict[str, object]:
    """Adds all files with these endings to a new expert."""
    import lancedb  # noqa: F401  what loading it takes is no writing

    files = [path for path in sorted(folder.rglob("*")) if path.suffix[1:] in endings]
    clock, workers = Clock(), list[int]()
    with tempfile.TemporaryDirectory() as home:
        expert = Expert.create(
            Path(home) / "expert", **({} if embedder == CHEAP else {"embedder": embedder})
        )
        if embedder == CHEAP:
            vars(expert._place)["embedder"] = SeededEmbedder()
        expert._place.embedder.embed(["Loads the model."], "passage")
        _watch(clock, workers, expert)
        _reset_peak()
        before = _memory("VmRSS")
        started, used = time.perf_counter(), time.process_time()
        report = expert.add(*files) if len(files) < 1_000 else expert.add(folder)
        seconds, cpu = time.perf_counter() - started, time.process_time() - used
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        on_disk = sum(p.stat().st_size for p in expert.folder.rglob("*") if p.is_file())
    return {
        "files": len(report.added),
        "megabytes": round(sum(path.stat().st_size for path in files) / _MEGABYTE, 2),
        "failed": len(report.failed),
        "passages": report.passages,
        "seconds": round(seconds, 1),
        "files_a_second": round(len(report.added) / seconds, 1),
        "passages_a_second": round(report.passages / seconds, 1),
        "seconds_by_step": {step: round(both[0], 2) for step, both in clock.seconds.items()},
        "processor_by_step": {step: round(both[1], 2) for step, both in clock.seconds.items()},
        "processor_seconds": round(cpu, 1),
        "processor_seconds_of_readers": round(children.ru_utime + children.ru_stime, 1),
        "memory_before_mb": before,
        "peak_mb": _memory("VmHWM"),
        "peak_mb_of_a_reader": round(max(workers, default=0) / _MEGABYTE),
        "expert_on_disk_mb": round(on_disk / _MEGABYTE, 1),
    }


def _watch(clock: Clock, workers: list[int], expert: Expert) -> None:
    clock.around(expert._place.embedder, "embed", "embedding")
    clock.around(LanceStore, "replace", "writing")
    clock.around(LanceStore, "optimize", "tidying")
    clock.around(TextStore, "save", "texts")
    clock.around(TextStore, "collect", "tidying")
    clock.around(Keeper, "finish", "history")
    clock.around(Workplace, "split", "splitting")
    clock.around(adding, "_terms", "words")
    read = ReadingPool.read

    def watched(pool: ReadingPool, sources: Iterator[object]) -> Iterator[object]:
        results = read(pool, sources)
        draw = clock.timed(lambda: next(results, None), "reading")
        while (result := draw()) is not None:
            workers.append(result.peak_bytes)
            yield result

    ReadingPool.read = watched  # type: ignore[method-assign,assignment]


def _reset_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def _memory(key: str) -> int:
    """A line of this process's status, in 10^6 bytes."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    kilobytes = next(int(line.split()[1]) for line in lines if line.startswith(f"{key}:"))
    return round(kilobytes * 1024 / _MEGABYTE)


def _sentences(folder: Path) -> list[str]:
    found: set[str] = set()
    for path in folder.rglob("*.md"):
        text = path.read_text(encoding="utf-8")
        found.update(match.group().strip() for match in _SENTENCE.finditer(text))
    return sorted(found)


def _write(folder: Path, sentences: Sequence[str], passages: int) -> None:
    """Files of sections, each as long as a passage, of sentences in an order of their own."""
    draw = random.Random(passages)
    for number in range(-(-passages // _PASSAGES_A_FILE)):
        lines = [f"# Notice {number}"]
        for section in range(_PASSAGES_A_FILE):
            lines.append(f"## Part {section + 1} of notice {number}")
            words, chosen = 0, list[str]()
            while words < _WORDS_A_PASSAGE:
                chosen.append(draw.choice(sentences))
                words += len(chosen[-1].split())
            lines.append(" ".join(chosen))
        place = folder / f"{number // 500:04}" / f"notice-{number}.md"
        place.parent.mkdir(exist_ok=True)
        place.write_text("\n\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
