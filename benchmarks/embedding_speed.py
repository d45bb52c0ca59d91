"""Passages a second: pakar's bundled embedder against sentence-transformers' defaults.

Both run over the same converted weights, the same passages and the same threads, in turns, so
that a busy machine slows both. Prints one JSON object.

    python benchmarks/embedding_speed.py examples/zx_bank/documents
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from sentence_transformers import SentenceTransformer

from pakar.backends.bundled_e5 import BundledE5
from pakar.backends.numeric_precision import has_native_bfloat16
from pakar.ports import Vectors

SUFFIXES = {".md", ".txt", ".html", ".csv"}

Run = Callable[[list[str]], Vectors]


def passages_of(folder: Path, embedder: BundledE5, tokens: int, count: int) -> list[str]:
    """Consecutive words of the folder's texts, about `tokens` a passage."""
    files = sorted(path for path in folder.rglob("*") if path.suffix in SUFFIXES)
    words = [word for path in files for word in path.read_text("utf-8", "replace").split()]
    if not words:
        raise SystemExit(f"{folder}: no text files ({', '.join(sorted(SUFFIXES))})")
    total = embedder.count_tokens([" ".join(words[at : at + 100]) for at in range(0, 2000, 100)])
    size = max(1, round(tokens / (sum(total) / min(len(words), 2000))))
    starts = range(0, len(words) - size, size)
    return [" ".join(words[start : start + size]) for start in starts][:count]


def runners(chosen: BundledE5, exact: BundledE5) -> dict[str, Run]:
    """The contestants by name."""
    library = SentenceTransformer(str(chosen.folder()), device="cpu").float()

    def reference(texts: list[str]) -> Vectors:
        return library.encode(texts, prompt_name="passage", batch_size=32)

    return {
        "sentence_transformers": reference,
        "pakar": lambda texts: chosen.embed(texts, "passage"),
        "pakar_float32": lambda texts: exact.embed(texts, "passage"),
    }


def measure(runs: dict[str, Run], texts: list[str], repeats: int) -> dict[str, list[float]]:
    """Seconds of every repeat; the contestants take turns."""
    for run in runs.values():
        run(texts[:16])
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(repeats):
        for name, run in runs.items():
            started = time.perf_counter()
            run(texts)
            seconds[name].append(time.perf_counter() - started)
    return seconds


def report(runs: dict[str, Run], texts: list[str], repeats: int) -> dict[str, object]:
    """The figures of one run; a ratio is the median of the ratios within a turn."""
    seconds = measure(runs, texts, repeats)
    base = seconds["sentence_transformers"]
    vectors = {name: run(texts) for name, run in runs.items()}
    reference = vectors["sentence_transformers"]
    reference = reference / np.linalg.norm(reference, axis=1, keepdims=True)
    mine = [name for name in runs if name != "sentence_transformers"]
    return {
        "passages_per_second": {
            name: round(len(texts) / statistics.median(times), 2) for name, times in seconds.items()
        },
        "ratio": {
            name: round(
                statistics.median(b / t for b, t in zip(base, seconds[name], strict=True)), 2
            )
            for name in mine
        },
        "min_cosine": {
            name: round(float(np.sum(vectors[name] * reference, axis=1).min()), 5) for name in mine
        },
        "seconds": {name: [round(t, 3) for t in times] for name, times in seconds.items()},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, nargs="?", default=Path("examples/zx_bank/documents"))
    parser.add_argument("--passages", type=int, default=200)
    parser.add_argument("--tokens", type=int, default=190)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    chosen = BundledE5()
    texts = passages_of(arguments.folder, chosen, arguments.tokens, arguments.passages)
    machine = {
        "processor": platform.processor() or platform.machine(),
        "threads": torch.get_num_threads(),
        "native_bfloat16": has_native_bfloat16(),
        "torch": torch.__version__,
    }
    size = {
        "passages": len(texts),
        "mean_tokens": round(statistics.mean(chosen.count_tokens(texts)), 1),
        "repeats": arguments.repeats,
    }
    runs = runners(chosen, BundledE5(precision="float32"))
    print(json.dumps({"machine": machine, **size, **report(runs, texts, arguments.repeats)}))


if __name__ == "__main__":
    main()
