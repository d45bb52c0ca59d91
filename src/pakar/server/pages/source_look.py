"""How a source is shown, by what it is: rows of a table, a slide, a mail, a section, or text.

Pages of PDFs are drawn (`pakar.flows.originals`); beside them stands the text. Knows documents and
which of them the reader may see; no HTML.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pakar.documents import mediatype
from pakar.server.access.view import View
from pakar.server.pages.excerpt import AROUND, Excerpt, Piece, around
from pakar.server.pages.lines import Block, Span, blocks, pieces
from pakar.server.pages.sheet import Sheet, sheet
from pakar.types import Document, Mark, source_of

_MAILS = (mediatype.EML, mediatype.MSG)
_WITH_SECTIONS = (mediatype.DOCX, mediatype.HTML, mediatype.MARKDOWN)
_LONGEST = 6_000
_MOST_ATTACHMENTS = 50


@dataclass(frozen=True, slots=True)
class Slide:
    """One slide: its number, its title, and what stands on it."""

    number: str
    title: tuple[Block, ...]
    body: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class MailLook:
    """`headers` are pairs of a name and the pieces of a value; `attachments` are documents."""

    headers: tuple[tuple[str, tuple[Piece, ...]], ...]
    body: tuple[Block, ...]
    attachments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Look:
    """What is shown: one of these, or only the text around the quote. `cut_before`, `cut_after`:
    what is shown of a slide, a mail or a section is not all of it."""

    excerpt: Excerpt
    sheet: Sheet | None = None
    slide: Slide | None = None
    mail: MailLook | None = None
    section: tuple[Block, ...] = ()
    cut_before: bool = False
    cut_after: bool = False


def look(view: View, document: Document, quote: Span, computed: Sequence[str] = ()) -> Look:
    """A place in a document that the reader may see, whose text is the quote."""
    excerpt = around(document, *quote)
    kind = document.media_type
    if any(one.kind == "row" and one.value for one in document.marks):
        found = sheet(document, quote, view.expert.tables(), computed)
        return Look(excerpt, sheet=found)
    if kind == mediatype.PPTX:
        return _slide(document, quote, excerpt)
    if kind in _MAILS:
        return _mail(view, document, quote, excerpt)
    if kind in _WITH_SECTIONS:
        part, before, after = _bounded(document, _section(document, quote[0]), quote)
        found_blocks = blocks(document, part, quote)
        return Look(excerpt, section=found_blocks, cut_before=before, cut_after=after)
    return Look(excerpt)


def _slide(document: Document, quote: Span, excerpt: Excerpt) -> Look:
    mark = _around(document, "slide", quote[0])
    if mark is None:
        return Look(excerpt)
    part, before, after = _bounded(document, (mark.start, mark.end), quote)
    found = blocks(document, part, quote)
    has_title = bool(found) and found[0].kind == "heading" and not before
    title, body = (found[:1], found[1:]) if has_title else ((), found)
    return Look(excerpt, slide=Slide(mark.value, title, body), cut_before=before, cut_after=after)


def _mail(view: View, document: Document, quote: Span, excerpt: Excerpt) -> Look:
    headers, start = _headers(document, quote)
    part, before, after = _bounded(document, (start, len(document.text)), quote)
    body = blocks(document, part, quote)
    below = f"{document.name}/"
    came = [name for name in view.documents() if name.startswith(below) and source_of(name) == name]
    mail = MailLook(headers, body, tuple(came[:_MOST_ATTACHMENTS]))
    return Look(excerpt, mail=mail, cut_before=before, cut_after=after)


def _headers(
    document: Document, quote: Span
) -> tuple[tuple[tuple[str, tuple[Piece, ...]], ...], int]:
    """The lines with who wrote to whom and when, and where they end."""
    subject = next((one for one in document.marks if one.kind == "heading"), None)
    at = subject.end if subject and subject.start == 0 else 0
    text = document.text
    start = at + len(text[at:]) - len(text[at:].lstrip("\n"))
    end = text.find("\n\n", start)
    end = len(text) if end < 0 else end
    found = []
    for line in text[start:end].split("\n"):
        name, colon, value = line.partition(": ")
        if not colon or name not in ("From", "To", "Cc", "Date"):
            return (), at
        value_at = start + len(name) + len(colon)
        found.append((name, pieces(text, (value_at, value_at + len(value)), quote)))
        start += len(line) + 1
    return tuple(found), end


def _section(document: Document, at: int) -> Span:
    """From the heading above an offset to the next one of its level or higher."""
    headings = [one for one in document.marks if one.kind == "heading"]
    above = [one for one in headings if one.start <= at]
    if not above:
        return 0, headings[0].start if headings else len(document.text)
    own = above[-1]
    below = (one.start for one in headings if one.start > at and one.level <= own.level)
    return own.start, next(below, len(document.text))


def _bounded(document: Document, part: Span, quote: Span) -> tuple[Span, bool, bool]:
    """A part that is not too long to read, with the quote in it, and where it was cut."""
    start, end = part
    end = max(end, quote[1])
    if end - start <= _LONGEST:
        return (start, end), False, False
    text = document.text
    first = start if quote[0] - start <= AROUND else text.rfind("\n", start, quote[0] - AROUND) + 1
    first = max(first, start)
    last = min(end, max(quote[1], first) + AROUND)
    line = text.find("\n", last, end)
    last = min(last + AROUND, end) if line < 0 else min(line, last + AROUND)
    return (first, last), first > start, last < end


def _around(document: Document, kind: str, at: int) -> Mark | None:
    found = [one for one in document.marks if one.kind == kind and one.start <= at]
    return found[-1] if found else None
