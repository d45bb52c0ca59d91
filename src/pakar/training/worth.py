"""When another training would pay: a rule of thumb, with its numbers.

Knows counts and dates of examples and adapters, no files and no models.
"""

from __future__ import annotations

from pakar.types import Adapter

# Fewer new examples than this do not show: with as many held-out questions, a comparison finds no
# difference below about 0.3 (evaluation/power.py).
LEAST = 20
# Nor do a few among many: what an adapter learned is outweighed by a tenth of it, not by less.
SHARE = 0.1


def worth_training(accepted: int, since: int, newest: Adapter | None) -> str:
    """One line, or "". `since` counts examples accepted in review after the newest adapter."""
    if newest is None:
        if accepted < LEAST:
            return ""
        return f"{accepted} examples are accepted and nothing was trained yet: pakar plan"
    needed = max(LEAST, round(SHARE * newest.examples))
    said = f"{since} examples were accepted since {newest.id}"
    if newest.stale:
        return f"{newest.id} is stale, and {said}: another training would pay: pakar train"
    if since >= needed:
        return f"{said}: another training would pay (from {needed}): pakar train"
    return f"{said}; from {needed} another training would pay" if since else ""
