"""Reads the data that a chart in an Office file was drawn from, as a table.

Knows DrawingML charts (ECMA-376 part 1, 21.2): the title, and series of values over categories.
The cached values are read, which are those that are drawn; no linked workbook is opened.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pakar.documents.builder import TextBuilder

if TYPE_CHECKING:
    from lxml.etree import _Element

_C = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
CHART = f"{_C}chart"
_MOST_ROWS = 2_000


def add_chart(builder: TextBuilder, space: _Element) -> None:
    """Adds a chart's title and a row for each category; `space` is its c:chartSpace."""
    title = space.find(f"{CHART}/{_C}title")
    if title is not None:
        builder.paragraph("".join(text.text or "" for text in title.iter(f"{_A}t")))
    series = list(space.iter(f"{_C}ser"))
    values = [_points(one, "val", "yVal") for one in series]
    categories: dict[int, str] = {}
    for one in series:
        categories = categories or _points(one, "cat", "xVal")
    rows = sorted({index for points in values for index in points} | set(categories))[:_MOST_ROWS]
    names = [_name(one) for one in series]
    builder.table(
        ["", *names],
        [[categories.get(row, ""), *(points.get(row, "") for points in values)] for row in rows],
    )


def _points(series: _Element, *tags: str) -> dict[int, str]:
    """The cached values of a series by their place."""
    points: dict[int, str] = {}
    for tag in tags:
        holder = series.find(f"{_C}{tag}")
        for point in holder.iter(f"{_C}pt") if holder is not None else ():
            place = point.get("idx", "")
            if place.isascii() and place.isdigit() and len(place) < 7:
                points[int(place)] = _short(point.findtext(f"{_C}v") or "")
    return points


def _short(value: str) -> str:
    """A number as it was typed: the cache holds 4.4 as 4.4000000000000004."""
    try:
        return f"{float(value):.12g}" if "." in value and len(value) > 15 else value
    except ValueError:
        return value


def _name(series: _Element) -> str:
    holder = series.find(f"{_C}tx")
    return "" if holder is None else "".join(v.text or "" for v in holder.iter(f"{_C}v"))
