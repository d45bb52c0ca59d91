"""An answer with its sources as footnotes in the text. Knows citations and plain text."""

from __future__ import annotations

from collections.abc import Sequence

from pakar.types import Answer, Citation


def with_footnotes(answer: Answer) -> str:
    """The text with `[1]` behind each supported sentence, and the quotes below it."""
    order = _numbered(answer.citations)
    text = answer.text
    marks: dict[int, list[int]] = {}
    for one in answer.citations:
        number = order[_place(one)]
        if number not in marks.setdefault(one.answer_end, []):
            marks[one.answer_end].append(number)
    for end in sorted(marks, reverse=True):
        shown = "".join(f"[{number}]" for number in sorted(marks[end]))
        text = f"{text[:end]} {shown}{text[end:]}"
    return text + notes(answer.citations)


def notes(citations: Sequence[Citation]) -> str:
    """The quotes with where they stand, one a line, behind an empty line; "" without any."""
    lines = {}
    order = _numbered(citations)
    for one in citations:
        quote = " ".join(one.quote.split())
        lines[order[_place(one)]] = f"[{order[_place(one)]}] {_where(one)}: “{quote}”"
    return "\n\n" + "\n".join(lines.values()) if lines else ""


def _numbered(citations: Sequence[Citation]) -> dict[tuple[str, int, int], int]:
    places = dict.fromkeys(_place(one) for one in citations)
    return {place: number for number, place in enumerate(places, start=1)}


def _place(one: Citation) -> tuple[str, int, int]:
    return one.document, one.start, one.end


def _where(one: Citation) -> str:
    parts = [one.document]
    if one.page is not None:
        parts.append(f"p. {one.page}")
    if one.place:
        parts.append(one.place)
    if one.heading:
        parts.append(one.heading)
    return ", ".join(parts)
