"""An answer as the page shows it: its sentences, each with the numbers of its sources or a mark
that it has none. Knows kept details (`pakar.server.conversing`) and no HTML.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CitedSource:
    """A span of a document that an answer rests on; `number` counts from 1."""

    number: int
    document: str
    start: int
    end: int
    quote: str
    page: int | None
    heading: str
    title: str
    place: str = ""

    @property
    def name(self) -> str:
        """What a reader calls the document: its file's name."""
        return self.document.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Part:
    """A run of an answer's text. Without sources it is the space between sentences, or a sentence
    that claims nothing, or, where `unsupported`, one that nothing was found for."""

    text: str
    sources: tuple[int, ...] = ()
    unsupported: bool = False


@dataclass(frozen=True, slots=True)
class Shape:
    """An answer, taken apart; the texts of the parts together are its text."""

    parts: tuple[Part, ...]
    sources: tuple[CitedSource, ...]


def shape(text: str, details: Mapping[str, object]) -> Shape:
    """Takes an answer apart by its kept details. What does not fit the text is left out."""
    citations = _rows(details.get("citations"))
    sources = _numbered(citations)
    numbers = {(one.document, one.start, one.end): one.number for one in sources}
    spans: dict[tuple[int, int], list[int]] = {}
    for one in citations:
        span = (_whole(one.get("answer_start")), _whole(one.get("answer_end")))
        found = spans.setdefault(span, [])
        number = numbers[_place(one)]
        if number not in found:
            found.append(number)
    marked = [(start, end, tuple(found), False) for (start, end), found in spans.items()]
    marked += _unsupported(text, details.get("unsupported"))
    return Shape(tuple(_parts(text, sorted(marked))), sources)


def _parts(text: str, marked: Sequence[tuple[int, int, tuple[int, ...], bool]]) -> list[Part]:
    parts: list[Part] = []
    at = 0
    for start, end, sources, unsupported in marked:
        if not at <= start < end <= len(text):
            continue
        if start > at:
            parts.append(Part(text[at:start]))
        parts.append(Part(text[start:end], sources, unsupported))
        at = end
    if at < len(text):
        parts.append(Part(text[at:]))
    return parts


def _unsupported(text: str, sentences: object) -> list[tuple[int, int, tuple[int, ...], bool]]:
    found: list[tuple[int, int, tuple[int, ...], bool]] = []
    at = 0
    for sentence in sentences if isinstance(sentences, (list, tuple)) else ():
        start = text.find(str(sentence), at)
        if start >= 0 and sentence:
            at = start + len(str(sentence))
            found.append((start, at, (), True))
    return found


def _numbered(citations: Sequence[Mapping[str, object]]) -> tuple[CitedSource, ...]:
    """The distinct places, in the order of the answer."""
    found: dict[tuple[str, int, int], CitedSource] = {}
    for one in sorted(citations, key=lambda one: _whole(one.get("answer_start"))):
        place = _place(one)
        if place not in found:
            page = one.get("page")
            found[place] = CitedSource(
                len(found) + 1,
                *place,
                quote=str(one.get("quote", "")),
                page=page if isinstance(page, int) else None,
                heading=str(one.get("heading") or ""),
                title=str(one.get("title") or ""),
                place=str(one.get("place") or ""),
            )
    return tuple(found.values())


def _place(citation: Mapping[str, object]) -> tuple[str, int, int]:
    return (
        str(citation.get("document", "")),
        _whole(citation.get("start")),
        _whole(citation.get("end")),
    )


def _rows(value: object) -> list[Mapping[str, object]]:
    rows = value if isinstance(value, (list, tuple)) else ()
    return [one for one in rows if isinstance(one, Mapping)]


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0
