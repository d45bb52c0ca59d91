"""Says which cited words were read from a picture, and not surely.

Knows the marks that the reading of scans leaves in a document. Judges no answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pakar.types import Citation, Document

_LOW = 0.8


def doubts(citations: Sequence[Citation], load: Callable[[str], Document]) -> tuple[str, ...]:
    """One line for each page with cited words that were hard to read."""
    lines: dict[str, None] = {}
    for one in citations:
        sure = _confidence(one, load(one.document))
        if sure < _LOW:
            page = f", page {one.page}" if one.page is not None else ""
            lines[
                f"{one.document}{page}: read by OCR with low confidence ({sure:.2f}); "
                "compare the original"
            ] = None
    return tuple(lines)


def _confidence(citation: Citation, document: Document) -> float:
    """The lowest of the page and of the blocks that the quote touches; 1 where nothing is said."""
    found = [
        float(mark.value)
        for mark in document.marks
        if mark.kind == "ocr" and mark.start < citation.end and citation.start < mark.end
    ]
    return min(found, default=1.0)
