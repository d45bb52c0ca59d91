"""Kills a training with SIGKILL at random moments and compares the weights with an undisturbed run.

    python benchmarks/kill_train.py [--kills 20] [--method lora] [--seed 0] [--folder DIR]

The model is the bundled one, the examples are short ones of the shipped expert. Every run is a
process of its own; a killed one is started again until it ends. Prints JSON; exits with 1 where a
weight differs.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

EXAMPLES = Path(__file__).parents[1] / "examples" / "zx_bank" / "examples" / "curated.jsonl"
_RUN = """
import sys
from pathlib import Path
from pakar.ports import Recipe, Rows
from pakar.registry import open_trainer
from pakar.training.rows import parse_row
trainer = open_trainer("bundled:smollm2-135m-instruct")
lines = Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()
rows = sorted((trainer.row(parse_row(line)) for line in lines), key=lambda row: len(row.ids))[:28]
recipe = Recipe(method=sys.argv[2], epochs=2, batch=2, evaluations=12, patience=0)
rows = Rows(rows[4:], rows[:4])
trainer.train(rows, recipe, Path(sys.argv[3]), lambda now: print(now.step, now.steps, flush=True))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--method", choices=("lora", "qlora"), default="lora")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = options.folder or Path(made)
        result = measure(folder, options.method, options.kills, random.Random(options.seed))
    print(json.dumps(result, indent=2))
    sys.exit(0 if result["equal"] else 1)


def measure(folder: Path, method: str, kills: int, chance: random.Random) -> dict[str, object]:
    began = time.monotonic()
    process = start(folder / "undisturbed", method)
    process.communicate()
    whole = time.monotonic() - began
    at: list[int] = []
    done = 0
    equal = True
    round_number = 0
    while done < kills:
        run = folder / f"killed-{round_number}"
        killed, steps = disturbed(run, method, whole, min(kills - done, 5), chance)
        done += killed
        at += steps
        equal = equal and same(folder / "undisturbed", run)
        round_number += 1
    return {
        "method": method,
        "kills": done,
        "runs": round_number,
        "undisturbed_seconds": round(whole, 1),
        "last_step_seen_at_each_kill": at,
        "equal": equal,
    }


def disturbed(
    run: Path, method: str, whole: float, kills: int, chance: random.Random
) -> tuple[int, list[int]]:
    """Kills at random moments of a run's time until `kills` are used up, then lets it end."""
    steps: list[int] = []
    for _ in range(kills):
        process = start(run, method)
        time.sleep(chance.uniform(0.15, 1.0) * whole)
        if process.poll() is not None:
            return len(steps), steps
        process.send_signal(signal.SIGKILL)
        said = process.communicate()[0].split()
        steps.append(int(said[-2]) if said else 0)
    start(run, method).communicate()
    return len(steps), steps


def start(run: Path, method: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _RUN, str(EXAMPLES), method, str(run)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def same(one: Path, other: Path) -> bool:
    import torch
    from safetensors.torch import load_file

    left, right = (load_file(run / "adapter" / "adapter_model.safetensors") for run in (one, other))
    return left.keys() == right.keys() and all(torch.equal(left[key], right[key]) for key in left)


if __name__ == "__main__":
    main()
