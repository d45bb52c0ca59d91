"""Energy as an estimate: seconds times the watts that a busy machine takes.

The watts are the user's (`[costs] watts`, from a meter or a data sheet). Without them a rule of
thumb is taken: what a core or a card draws when busy. Nothing here is measured, and it says so.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

# Server processors draw 5 to 15 W a busy core, memory and losses included.
_CORE_WATTS = 10.0


@dataclass(frozen=True, slots=True)
class Power:
    """What the machine draws while it answers or trains, and where the figure is from."""

    watts: float
    how: str

    def watt_hours(self, seconds: float | None) -> float | None:
        return None if seconds is None else self.watts * seconds / 3600


def power(watts: float, card_watts: float = 0.0) -> Power:
    """By the user's `watts` where they are given; else by the cores of this process and the limit
    of its card."""
    if watts > 0:
        return Power(watts, f"{watts:g} W, as set in [costs]")
    cores = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
    drawn = cores * _CORE_WATTS + card_watts
    card = f" and {card_watts:g} W of the card" if card_watts else ""
    how = f"{drawn:g} W, a rule of thumb: {cores} cores at {_CORE_WATTS:g} W{card}"
    return Power(drawn, f"{how}; set watts in [costs] to what a meter shows")
