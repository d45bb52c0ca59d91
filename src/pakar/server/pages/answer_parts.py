"""An answer as the page shows it: its sentences, each with the numbers of its sources or a mark
that it has none. Knows kept details (`pakar.server.conversing`) and no HTML.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pakar.computing.cells import in_row


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
class ComputedCell:
    """A cell that a computed answer rests on; `source` is the number of its row, 0 without one."""

    name: str
    source: int


@dataclass(frozen=True, slots=True)
class Computed:
    """How an answer was computed. `rows` are the query's result, under `columns`."""

    query: str
    table: str
    columns: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]
    cells: tuple[ComputedCell, ...]
    used: int


@dataclass(frozen=True, slots=True)
class Shape:
    """An answer, taken apart; the texts of the parts together are its text."""

    parts: tuple[Part, ...]
    sources: tuple[CitedSource, ...]
    computed: Computed | None = None


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
    computed = _computed(details.get("computation"), sources)
    return Shape(tuple(_parts(text, sorted(marked))), sources, computed)


def _computed(kept: object, sources: Sequence[CitedSource]) -> Computed | None:
    if not isinstance(kept, Mapping):
        return None
    document = str(kept.get("document", ""))
    return Computed(
        query=str(kept.get("query", "")),
        table=str(kept.get("table") or document.rpartition("/")[2]),
        columns=tuple(map(str, _list(kept.get("columns")))),
        rows=tuple(tuple(_list(row)) for row in _list(kept.get("rows"))),
        cells=tuple(_cell(str(name), sources) for name in _list(kept.get("cells"))),
        used=_whole(kept.get("used")),
    )


def _cell(name: str, sources: Sequence[CitedSource]) -> ComputedCell:
    of = (one.number for one in sources if one.place and in_row(one.place, name))
    return ComputedCell(name, next(of, 0))


def _list(value: object) -> list[object]:
    return list(value) if isinstance(value, (list, tuple)) else []


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
    return [one for one in _list(value) if isinstance(one, Mapping)]


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0
