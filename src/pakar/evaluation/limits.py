"""Which routes the user's needs rule out, whatever their quality: a table of limits.

A limit rules a route out by what was measured, or by what the route is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pakar.config import Needs
from pakar.evaluation.results import RouteResult

_LOCAL = ("@http://localhost", "@http://127.", "@http://[::1]", "@https://localhost")


def _too_slow(route: RouteResult, needs: Needs) -> str:
    seconds = route.cost.latency_s
    if not needs.max_seconds or seconds is None or seconds <= needs.max_seconds:
        return ""
    return f"{seconds:.1f} s an answer, the limit is {needs.max_seconds:g} s (needs.max_seconds)"


def _too_large(route: RouteResult, needs: Needs) -> str:
    memory = route.cost.memory_mb
    if not needs.max_memory_mb or memory is None or memory <= needs.max_memory_mb:
        return ""
    return f"{memory:,.0f} MB, the limit is {needs.max_memory_mb:,} MB (needs.max_memory_mb)"


def _no_sources(route: RouteResult, needs: Needs) -> str:
    if not needs.sources or route.has_sources:
        return ""
    return "shows no sources, and they must be shown (needs.sources)"


def _leaves_the_machine(route: RouteResult, needs: Needs) -> str:
    if not needs.private or not route.has_model or not route.spec.startswith("openai:"):
        return ""
    if any(place in route.spec for place in _LOCAL):
        return ""
    return "its model is on another machine, and nothing may leave this one (needs.private)"


LIMITS: Sequence[Callable[[RouteResult, Needs], str]] = (
    _too_slow, _too_large, _no_sources, _leaves_the_machine
)  # fmt: skip


def ruled_out(routes: Sequence[RouteResult], needs: Needs) -> dict[str, str]:
    """By route, the first limit that rules it out."""
    found = {}
    for route in routes:
        broken = [said for limit in LIMITS if (said := limit(route, needs))]
        if broken:
            found[route.name] = broken[0]
    return found
