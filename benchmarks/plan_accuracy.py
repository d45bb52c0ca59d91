"""Memory and time as planned against as measured, each setting in a process of its own.

    python benchmarks/plan_accuracy.py [NAME...]

Runs the plain step of the plan's probe (forward and backward of all layers, random weights, no
optimizer) and compares the plan's peak with the largest resident size that the system counted,
and the time planned from two layers with that of all. Prints one JSON document.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from dataclasses import dataclass, replace

# Python with torch, transformers and peft.
BARE = 450_000_000


@dataclass(frozen=True)
class Case:
    model: str
    layers: int
    method: str
    sequences: int
    length: int
    answers: int


CASES = {
    "smollm2-4x512": Case("smollm2-135m", 30, "lora", 4, 512, 400),
    "smollm2-2x512": Case("smollm2-135m", 30, "lora", 2, 512, 100),
    "smollm2-8x128": Case("smollm2-135m", 30, "lora", 8, 128, 200),
    "smollm2-1x1500": Case("smollm2-135m", 30, "lora", 1, 1500, 60),
    "smollm2-full-2x512": Case("smollm2-135m", 30, "full", 2, 512, 100),
    "qwen2.5-0.5b-6-layers-2x512": Case("qwen2.5-0.5b", 6, "lora", 2, 512, 200),
    "phi-3-mini-2-layers-2x512": Case("phi-3-mini-4k-instruct", 2, "lora", 2, 512, 200),
}


def child(name: str) -> dict[str, object]:
    from pakar.training.duration import on_this_cpu
    from pakar.training.known_models import find_known
    from pakar.training.machine import Machine
    from pakar.training.memory import memory
    from pakar.training.model_shape import read_shape
    from pakar.training.plain_step import plain_step
    from pakar.training.run_setup import MicroBatch, Setup
    from pakar.training.workload import measured

    case = CASES[name]
    known = find_known(case.model)
    assert known is not None
    shape = read_shape(known.config).with_layers(case.layers)
    setup = Setup(case.method, optimizer="sgd")  # type: ignore[arg-type]
    batch = MicroBatch(case.sequences * case.length, case.answers)
    # A bare process, without training data and what making it leaves behind.
    planned = memory(shape, setup, batch, where=replace(Machine("", 0).device, process=BARE))
    step = plain_step(known.config, shape, setup, case.layers)
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        step(case.sequences, case.length, case.answers)
        seconds.append(time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    each = case.answers // case.sequences
    work = measured([case.length] * case.sequences, [each] * case.sequences, batch=case.sequences)
    duration = on_this_cpu(known.config, shape, setup, work)
    return {
        "planned_gb": round(planned.peak / 1e9, 3),
        "measured_gb": round(peak / 1e9, 3),
        "memory_ratio": round(planned.peak / peak, 3),
        "planned_s": round(duration.seconds, 2),
        "measured_s": round(min(seconds), 2),
        "time_ratio": round(duration.seconds / min(seconds), 3),
    }


def main() -> None:
    if sys.argv[1:2] == ["--child"]:
        print(json.dumps(child(sys.argv[2])))
        return
    results = {}
    for name in sys.argv[1:] or CASES:
        done = subprocess.run(
            [sys.executable, __file__, "--child", name], capture_output=True, text=True, check=True
        )
        results[name] = json.loads(done.stdout.strip().splitlines()[-1])
        print(name, results[name], file=sys.stderr)
    print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
