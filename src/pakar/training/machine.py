"""What a run can be planned for: this machine, or cards of the table.

Looks at the operating system only; torch is asked for a graphics card where a driver is there.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from pakar.errors import ConfigError
from pakar.training.gpus import Gpu
from pakar.training.run_setup import GPU_PROCESS, Device

# What a process holds that has made the training data, before any weight, and the share of
# activations that glibc's malloc loses in gaps: both of real trainings (docs/planning.md).
CPU_PROCESS = 770_000_000
CPU_GAPS = 0.38
# oneDNN's products of 16-bit matrices: it compiles one for each combination of sizes and keeps
# 1,024; half a megabyte each, whatever the sizes (measured, benchmarks/LOG.md).
CPU_COMPILED = 1_024 * 500_000
_MOST_GPUS = 100_000
_CGROUP = Path("/sys/fs/cgroup/memory.max")


@dataclass(frozen=True, slots=True)
class Machine:
    """`bytes` is what each of `count` devices holds. Without `gpu` it is a CPU's main memory, of
    which `process` is held before any weight is read."""

    name: str
    bytes: int
    count: int = 1
    gpu: Gpu | None = None
    here: bool = False
    process: int = CPU_PROCESS

    @property
    def device(self) -> Device:
        if self.gpu is None and self.count == 1 and not self.on_card:
            return Device(1, self.process, CPU_GAPS, CPU_COMPILED)
        return Device(self.count, GPU_PROCESS)

    @property
    def on_card(self) -> bool:
        return self.gpu is not None or self.name.startswith("GPU")

    def times(self, count: int) -> Machine:
        return replace(self, count=count)


def of_gpus(gpu: Gpu, count: int = 1) -> Machine:
    """Raises ConfigError for a number of cards that nobody has."""
    if not 1 <= count <= _MOST_GPUS:
        raise ConfigError(f"{count} GPUs", hint=f"Give a number from 1 to {_MOST_GPUS:,}.")
    return Machine(gpu.name, gpu.bytes, count, gpu)


def this_machine() -> Machine:
    """Its graphics cards where torch can use them, else its main memory."""
    if shutil.which("nvidia-smi") and importlib.util.find_spec("torch"):
        import torch

        if torch.cuda.is_available():
            found = torch.cuda.get_device_properties(0)
            name = f"GPU of this machine ({found.name})"
            return Machine(name, int(found.total_memory), torch.cuda.device_count(), here=True)
    return Machine("this machine's CPU", _main_memory(), here=True)


def _main_memory() -> int:
    """The smaller of the machine's memory and what this process's group may take."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        limit = _CGROUP.read_text(encoding="ascii").strip()
    except OSError:
        return total
    return min(total, int(limit)) if limit.isdigit() else total
