"""Which of several routes costs least, by the user's own weights.

Knows costs and weights, nothing of quality.
"""

from __future__ import annotations

from collections.abc import Sequence

from pakar.config import Costs
from pakar.evaluation.results import Cost, RouteResult


def cheapest_first(routes: Sequence[RouteResult], weights: Costs) -> list[RouteResult]:
    """The routes by their weighted cost; equal ones keep their order.

    Each cost is divided by the largest among these routes, so that seconds and megabytes can be
    added. A cost that was measured for some of them only is left out for all.
    """
    totals = {one.name: 0.0 for one in routes}
    for key, weight in _weighted(weights):
        known = {one.name: _value(one.cost, key) for one in routes}
        largest = max((value for value in known.values() if value is not None), default=0.0)
        if largest == 0 or None in known.values():
            continue
        for name, value in known.items():
            totals[name] += weight * (value or 0.0) / largest
    return sorted(routes, key=lambda one: totals[one.name])


def said(cost: Cost) -> str:
    """The costs that are known, in words."""
    parts = []
    if cost.latency_s is not None:
        parts.append(f"{_seconds(cost.latency_s)} an answer")
    if cost.memory_mb is not None:
        parts.append(f"{cost.memory_mb:,.0f} MB")
    if cost.training_s:
        parts.append(f"{_seconds(cost.training_s)} of training")
    return ", ".join(parts)


def _seconds(value: float) -> str:
    if value >= 90:
        return f"{value / 60:.0f} minutes"
    return f"{value:.0f} s" if value >= 10 else f"{value:.2f} s" if value < 1 else f"{value:.1f} s"


def _weighted(weights: Costs) -> list[tuple[str, float]]:
    return [
        ("latency_s", weights.latency),
        ("memory_mb", weights.memory),
        ("training_s", weights.training),
        ("upkeep_s", weights.upkeep),
    ]


def _value(cost: Cost, key: str) -> float | None:
    value: float | None = getattr(cost, key)
    return value
