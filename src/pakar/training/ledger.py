"""The ledger of one device: what lies in its memory, line by line, each with its arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Group = Literal["weights", "adapter", "optimizer", "activations", "working", "process"]


@dataclass(frozen=True, slots=True)
class Line:
    """One term on one device, and how it comes about."""

    group: Group
    name: str
    bytes: int
    how: str


@dataclass(frozen=True, slots=True)
class Memory:
    """The ledger of one device. `peak` is its sum; `loading` the peak while weights are read."""

    lines: tuple[Line, ...]
    loading: int

    @property
    def peak(self) -> int:
        return sum(line.bytes for line in self.lines)

    def of(self, *groups: Group) -> int:
        """Bytes of these groups together."""
        return sum(line.bytes for line in self.lines if line.group in groups)
