"""Documents and hits made in memory: each passage an exact span of its document."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pakar.types import Document, Hit, Mark, Passage


def document(name: str, text: str, *, marks: Sequence[Mark] = (), language: str = "en") -> Document:
    return Document(name, text, name.title(), language, "hash", "text/plain", tuple(marks))


def pages(name: str, texts: Sequence[str], *, language: str = "en") -> Document:
    """A document of several pages, each with a heading of its own."""
    text = ""
    marks = []
    for number, page in enumerate(texts, start=1):
        body = f"Part {number}\n\n{page}"
        start = len(text)
        marks.append(Mark("page", start, start + len(body), str(number)))
        title = f"Part {number}"
        marks.append(Mark("heading", start, start + len(title), title, 1))
        text += f"{body}\n\n"
    return document(name, text, marks=marks, language=language)


def hit(source: Document, start: int = 0, end: int | None = None, score: float = 1.0) -> Hit:
    stop = len(source.text) if end is None else end
    passage = Passage(
        source.name,
        start,
        stop,
        source.text[start:stop],
        title=source.title,
        headings=source.headings_at(start),
        page=source.page_at(start),
        language=source.language,
    )
    return Hit(passage, score)


def loader(*documents: Document) -> Callable[[str], Document]:
    return {one.name: one for one in documents}.__getitem__
