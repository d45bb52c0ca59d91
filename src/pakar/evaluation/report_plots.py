"""The plots of a report, as SVG in a page: intervals, differences, cost against quality.

Places are percentages, so that a plot fits a phone while its letters keep their size. Knows names
and numbers; colours are the style sheet's.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pakar.evaluation.report_text import safe

_ROW = 46
_LEFT, _RIGHT = 1.0, 98.0


@dataclass(frozen=True, slots=True)
class Bar:
    """A mean and its bounds, with a name and what is written at the right."""

    name: str
    mean: float
    low: float
    high: float
    says: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Point:
    """A route by what it costs (`x`, above 0) and how good it is, with the bounds of that."""

    name: str
    x: float
    y: float
    low: float
    high: float
    chosen: bool


def bars(rows: Sequence[Bar], low: float, high: float, label: str, *, zero: bool = False) -> str:
    """Means with their intervals, one below the other, on one scale."""
    height = _ROW * len(rows) + 22
    scale = _Scale(low, high, _LEFT, _RIGHT)
    parts = [f'<svg height="{height}" role="img" aria-label="{safe(label)}">']
    for tick in _ticks(low, high):
        at = scale(tick)
        kind = "zero" if zero and tick == 0 else "grid"
        anchor = "start" if at < 4 else "end" if at > 95 else "middle"
        parts.append(_line(at, 22, at, height - 18, kind))
        parts.append(_text(at, height - 2, f"{tick:.2g}", "tick", anchor))
    for index, one in enumerate(rows):
        parts += _bar(one, index * _ROW, scale)
    return "".join([*parts, "</svg>"])


def scatter(points: Sequence[Point], x_label: str, y_label: str) -> str:
    """Cost to the right on a logarithmic scale, quality upwards, with its intervals."""
    height, top, bottom = 300, 24, 250
    across = _LogScale([one.x for one in points], 9.0, 94.0)
    ceiling = _ceiling(max(one.high for one in points))
    up = _Scale(0.0, ceiling, bottom, top)
    parts = [f'<svg height="{height}" role="img" aria-label="{safe(f"{y_label} by {x_label}")}">']
    for tick in _ticks(0.0, ceiling):
        parts.append(
            f'<line class="grid" x1="7%" x2="98%" y1="{up(tick):.1f}" y2="{up(tick):.1f}"/>'
        )
        parts.append(_text(0, up(tick) + 4, f"{tick:.2g}", "tick", "start"))
    for tick in across.ticks():
        parts.append(_text(across(tick), bottom + 18, _seconds(tick), "tick", "middle"))
    parts.append(_text(98, height - 8, f"{x_label} →", "soft", "end"))
    parts.append(_text(0, 10, f"↑ {y_label}", "soft", "start"))
    labels = _Labels((across(one.x), up(one.y)) for one in points)
    for one in points:
        kind = "chosen" if one.chosen else "other"
        at = across(one.x)
        parts.append(_line(at, up(one.low), at, up(one.high), f"bar {kind}"))
        parts.append(f'<circle class="{kind}" cx="{at:.2f}%" cy="{up(one.y):.1f}" r="6"/>')
        parts.append(labels.place(one.name, at, up(one.y), kind))
    return "".join([*parts, "</svg>"])


class _Labels:
    """Names beside points, each where it covers no other name and no point, if there is room."""

    # Beside, above and below, to the right and to the left: pixels from the point, then anchor.
    _PLACES = ((11, 4, "start"), (-11, 4, "end"), (9, -10, "start"), (-9, -10, "end"),
               (9, 20, "start"), (-9, 20, "end"))  # fmt: skip
    _LETTER = 1.5  # percent of the width; a plot is 600 pixels wide or less
    _PIXEL = 0.2

    def __init__(self, points: Iterable[tuple[float, float]]) -> None:
        self._boxes = [(x - 1.5, x + 1.5, y - 8, y + 8) for x, y in points]

    def place(self, name: str, x: float, y: float, kind: str) -> str:
        boxes = [self._box(name, x, y, place) for place in self._PLACES]
        best = min(range(len(boxes)), key=lambda index: self._covered(boxes[index]))
        right, down, anchor = self._PLACES[best]
        self._boxes.append(boxes[best])
        text = _text(x, y + down, name, kind, anchor)
        return f'<g transform="translate({right} 0)">{text}</g>'

    def _box(
        self, name: str, x: float, y: float, place: tuple[int, int, str]
    ) -> tuple[float, float, float, float]:
        right, down, anchor = place
        width = self._LETTER * len(name)
        start = x + right * self._PIXEL - (width if anchor == "end" else 0)
        return start, start + width, y + down - 12, y + down + 3

    def _covered(self, box: tuple[float, float, float, float]) -> float:
        """How much of a box is covered or outside of the plot; 0 is free."""
        left, right, top, bottom = box
        outside = max(0.0, 7 - left) + max(0.0, right - 100)
        over = sum(
            max(0.0, min(right, one[1]) - max(left, one[0]))
            * max(0.0, min(bottom, one[3]) - max(top, one[2]))
            for one in self._boxes
        )
        return 100 * outside + over


class _Scale:
    """A number's place between two ends."""

    def __init__(self, low: float, high: float, start: float, end: float) -> None:
        self._low, self._span = low, (high - low) or 1.0
        self._start, self._end = start, end

    def __call__(self, value: float) -> float:
        share = min(1.0, max(0.0, (value - self._low) / self._span))
        return self._start + share * (self._end - self._start)


class _LogScale:
    """The same by powers of ten, a little wider than the values."""

    def __init__(self, values: Sequence[float], start: float, end: float) -> None:
        self._low = math.log10(min(values)) - 0.15
        self._high = math.log10(max(values)) + 0.25
        self._scale = _Scale(self._low, self._high, start, end)

    def __call__(self, value: float) -> float:
        return self._scale(math.log10(value))

    def ticks(self) -> list[float]:
        """Powers of ten where there are two or more of them, else 1, 2 and 5 times."""
        whole = range(math.floor(self._low), math.ceil(self._high) + 1)
        for steps in ((1,), (1, 3), (1, 2, 5)):
            found = [step * 10.0**one for one in whole for step in steps]
            found = [one for one in found if self._low <= math.log10(one) <= self._high]
            if len(found) > 1:
                break
        return found


def _bar(one: Bar, top: int, scale: _Scale) -> list[str]:
    kind = "chosen" if one.chosen else "other"
    middle = top + 31
    return [
        _text(0, top + 15, one.name, kind, "start"),
        _text(100, top + 15, one.says, "soft", "end"),
        _line(scale(one.low), middle, scale(one.high), middle, f"bar {kind}"),
        f'<circle class="{kind}" cx="{scale(one.mean):.2f}%" cy="{middle}" r="5.5"/>',
    ]


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    return f'<line class="{kind}" x1="{x1:.2f}%" y1="{y1:.1f}" x2="{x2:.2f}%" y2="{y2:.1f}"/>'


def _text(x: float, y: float, words: str, kind: str, anchor: str) -> str:
    return (
        f'<text class="{kind}" x="{x:.2f}%" y="{y:.1f}" text-anchor="{anchor}">{safe(words)}</text>'
    )


def _ticks(low: float, high: float) -> list[float]:
    step = next(one for one in (0.05, 0.1, 0.2, 0.25, 0.5, 1.0) if (high - low) / one <= 6)
    first = math.ceil(round(low / step, 6))
    return [round(index * step, 2) for index in range(first, math.floor(high / step + 1e-6) + 1)]


def _ceiling(value: float) -> float:
    return min(1.0, math.ceil(value * 10 + 0.2) / 10)


def _seconds(value: float) -> str:
    return f"{value:g} s"
