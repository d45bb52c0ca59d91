"""The course of a training as lines in a box of fixed size. Knows numbers and no HTML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 640.0, 240.0
_LEFT, _BOTTOM, _ROOM = 44.0, 24.0, 10.0
_MOST_POINTS = 400

Point = tuple[int, float, float | None]


@dataclass(frozen=True, slots=True)
class Curve:
    """`line` and `held` are points as SVG writes them; `top` is the largest loss shown."""

    line: str
    held: str
    dots: tuple[tuple[float, float], ...]
    top: float
    last_step: int


def curve(points: Sequence[Point], steps: int) -> Curve | None:
    """The losses by step; None while there are fewer than two."""
    if len(points) < 2:
        return None
    shown = points[:: max(1, len(points) // _MOST_POINTS)]
    if shown[-1] != points[-1]:
        shown = [*shown, points[-1]]
    losses = [loss for _, loss, _ in points]
    held = [(step, value) for step, _, value in points if value is not None]
    top = max(*losses, *(value for _, value in held), 1e-6)
    last = max(steps, points[-1][0], 1)

    def place(step: int, loss: float) -> tuple[float, float]:
        x = _LEFT + (WIDTH - _LEFT - _ROOM) * step / last
        y = _ROOM + (HEIGHT - _BOTTOM - _ROOM) * (1 - loss / top)
        return round(x, 1), round(y, 1)

    dots = tuple(place(step, value) for step, value in held)
    line = _written([place(step, loss) for step, loss, _ in shown])
    return Curve(line, _written(dots), dots, top, last)


def _written(places: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x},{y}" for x, y in places)
