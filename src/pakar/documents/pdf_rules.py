"""Takes the drawn lines off a PDF page: what tables are ruled with.

Knows pdfium's page objects and nothing of text. A filled rectangle that is thin counts as a
line, a larger one as its four edges. Drawings with very many parts are passed over: they are
pictures, and no table needs so many lines.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from dataclasses import dataclass

import pypdfium2
import pypdfium2.raw as pdfium

from pakar.documents.pdf_characters import Frame
from pakar.documents.pdf_page import Rule

_THICKEST = 3.0
_SHORTEST = 6.0
_MOST_OBJECTS = 20_000
_MOST_SEGMENTS = 20_000
_DEEPEST_FORM = 4

_Matrix = tuple[float, float, float, float, float, float]
_Point = tuple[float, float]
_IDENTITY: _Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Drawing:
    """The ruling lines of a page, the number of pictures on it, and the share they cover."""

    rules: tuple[Rule, ...]
    images: int
    covered: float = 0.0


def page_drawing(page: pypdfium2.PdfPage, frame: Frame) -> Drawing:
    """All horizontal and vertical lines, and how many images there are."""
    edges: list[tuple[_Point, _Point]] = []
    images = 0
    covered = 0.0
    for position, (kind, handle, matrix) in enumerate(_objects(page)):
        if position >= _MOST_OBJECTS or len(edges) > _MOST_SEGMENTS:
            return Drawing((), images, min(1.0, covered))
        if kind == pdfium.FPDF_PAGEOBJ_IMAGE:
            images += 1
            covered += _share(_product(_matrix(handle), matrix), frame)
        elif kind == pdfium.FPDF_PAGEOBJ_PATH and _is_painted(handle):
            edges.extend(_edges(handle, matrix))
    rules = (rule for edge in edges if (rule := _rule(edge, frame)) is not None)
    return Drawing(tuple(rules), images, min(1.0, covered))


def _objects(page: pypdfium2.PdfPage) -> Iterator[tuple[int, object, _Matrix]]:
    for position in range(pdfium.FPDFPage_CountObjects(page)):
        yield from _with_parts(pdfium.FPDFPage_GetObject(page, position), _IDENTITY, 0)


def _with_parts(
    handle: object, outer: _Matrix, depth: int
) -> Iterator[tuple[int, object, _Matrix]]:
    kind = pdfium.FPDFPageObj_GetType(handle)
    if kind == pdfium.FPDF_PAGEOBJ_TEXT:
        return
    if kind != pdfium.FPDF_PAGEOBJ_FORM:
        yield kind, handle, outer
    elif depth < _DEEPEST_FORM:
        inner = _product(_matrix(handle), outer)
        for position in range(max(0, pdfium.FPDFFormObj_CountObjects(handle))):
            part = pdfium.FPDFFormObj_GetObject(handle, position)
            yield from _with_parts(part, inner, depth + 1)


def _share(matrix: _Matrix, frame: Frame) -> float:
    """The share of the page that an image covers: its matrix stretches a square of 1 by 1."""
    a, b, c, d, _, _ = matrix
    page = (frame.right - frame.left) * (frame.top - frame.bottom)
    return abs(a * d - b * c) / page if page > 0 else 0.0


def _is_painted(path: object) -> bool:
    fill, stroke = ctypes.c_int(), ctypes.c_int()
    pdfium.FPDFPath_GetDrawMode(path, fill, stroke)
    return bool(fill.value or stroke.value)


def _edges(path: object, outer: _Matrix) -> Iterator[tuple[_Point, _Point]]:
    """The straight pieces of a path, in page coordinates."""
    matrix = _product(_matrix(path), outer)
    x, y = ctypes.c_float(), ctypes.c_float()
    start = last = (0.0, 0.0)
    for position in range(min(_MOST_SEGMENTS, max(0, pdfium.FPDFPath_CountSegments(path)))):
        segment = pdfium.FPDFPath_GetPathSegment(path, position)
        pdfium.FPDFPathSegment_GetPoint(segment, x, y)
        point = _moved((x.value, y.value), matrix)
        kind = pdfium.FPDFPathSegment_GetType(segment)
        if kind == pdfium.FPDF_SEGMENT_MOVETO:
            start = point
        elif kind == pdfium.FPDF_SEGMENT_LINETO:
            yield last, point
        if pdfium.FPDFPathSegment_GetClose(segment):
            yield point, start
            point = start
        last = point


def _matrix(handle: object) -> _Matrix:
    found = pdfium.FS_MATRIX()
    if not pdfium.FPDFPageObj_GetMatrix(handle, found):
        return _IDENTITY
    return found.a, found.b, found.c, found.d, found.e, found.f


def _product(first: _Matrix, then: _Matrix) -> _Matrix:
    a, b, c, d, e, f = first
    p, q, r, s, t, u = then
    return (
        a * p + b * r,
        a * q + b * s,
        c * p + d * r,
        c * q + d * s,
        e * p + f * r + t,
        e * q + f * s + u,
    )


def _moved(point: _Point, matrix: _Matrix) -> _Point:
    x, y = point
    a, b, c, d, e, f = matrix
    return a * x + c * y + e, b * x + d * y + f


def _rule(edge: tuple[_Point, _Point], frame: Frame) -> Rule | None:
    """The edge as a ruling line, where it is straight, level or upright, and long enough."""
    (ax, ay), (bx, by) = frame.point(*edge[0]), frame.point(*edge[1])
    rule = Rule(min(ax, bx), max(ax, bx), min(ay, by), max(ay, by))
    width, height = rule.x1 - rule.x0, rule.bottom - rule.top
    if min(width, height) > _THICKEST or max(width, height) < _SHORTEST:
        return None
    return rule
