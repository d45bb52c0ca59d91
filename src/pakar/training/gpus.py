"""Graphics cards and what is known of them: a table of facts, no code that decides.

`gigabytes` is the size in the card's name, counted as 10^9 bytes. Cards hold up to 7% more
(2^30 bytes to each "GB"); that is left to the driver and to the allocator's gaps. `teraflops` is
the vendor's figure for dense products in 16 bits (bfloat16, on V100 and T4 float16), from the data
sheets as remembered, not re-read. What training reaches is less: see `UTILISATION`.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass

from pakar.errors import ConfigError

# Share of a card's figure that a training run is assumed to reach; well-tuned runs report 0.3
# to 0.5 of it.
UTILISATION = 0.35


@dataclass(frozen=True, slots=True)
class Gpu:
    """One kind of card."""

    name: str
    gigabytes: int
    teraflops: float
    bfloat16: bool = True

    @property
    def bytes(self) -> int:
        return self.gigabytes * 10**9


GPUS = (
    Gpu("RTX 3060 Ti 8GB", 8, 65.0),
    Gpu("RTX 3060 12GB", 12, 51.0),
    Gpu("T4 16GB", 16, 65.0, bfloat16=False),
    Gpu("RTX 4090 24GB", 24, 165.0),
    Gpu("A10G 24GB", 24, 70.0),
    Gpu("V100 32GB", 32, 125.0, bfloat16=False),
    Gpu("A100 40GB", 40, 312.0),
    Gpu("L40S 48GB", 48, 362.0),
    Gpu("A100 80GB", 80, 312.0),
    Gpu("H100 80GB", 80, 989.0),
    Gpu("RTX PRO 6000 96GB", 96, 500.0),
    Gpu("H200 141GB", 141, 989.0),
)
# One card for each size, for "what would fit".
SIZES = tuple({gpu.gigabytes: gpu for gpu in reversed(GPUS)}[size] for size in (
    8, 12, 16, 24, 32, 40, 48, 80, 96, 141
))  # fmt: skip


def find_gpu(name: str) -> Gpu:
    """By its name or a part of it: "A100 80GB", "a100-80", "4090". The smallest that fits it.

    Raises ConfigError where no card or no single name of a card is meant.
    """
    wanted = re.findall(r"[a-z]+|\d+", name.lower().replace("gb", ""))
    found = [gpu for gpu in GPUS if wanted and set(wanted) <= set(_words(gpu.name))]
    if found:
        return found[0]
    names = [gpu.name for gpu in GPUS]
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.3)
    guess = f"Did you mean {near[0]!r}? " if near else ""
    raise ConfigError(
        f"no GPU {name!r:.40} in the table", hint=f"{guess}Known: {', '.join(names)}."
    )


def _words(name: str) -> list[str]:
    return re.findall(r"[a-z]+|\d+", name.lower().replace("gb", ""))
