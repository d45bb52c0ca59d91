"""The file that a document was read from, as long as it is still the same, and pictures of it."""

from __future__ import annotations

import hashlib
from pathlib import Path

from pakar.documents.mediatype import PDF
from pakar.documents.pdf_drawing import folded
from pakar.documents.pdf_picture import PagePicture, page_picture
from pakar.errors import SourceError
from pakar.types import Document, Mark


def original(folder: Path, document: Document) -> bytes | None:
    """The bytes that the document was read from; None where the file is another one now, or gone.

    `folder` is the expert's.
    """
    try:
        data = (folder / document.name).read_bytes()
    except OSError:
        return None
    return data if hashlib.sha256(data).hexdigest() == document.content_hash else None


def has_pictures(document: Document) -> bool:
    """Whether its pages can be drawn."""
    return document.media_type == PDF


def picture(
    folder: Path, document: Document, page: int, span: tuple[int, int] | None = None
) -> PagePicture:
    """A page of a document, with the places on it of the text at `span`.

    Raises SourceError where it cannot be drawn: it is no PDF, its file has changed since it was
    indexed, or pdfium fails at it.
    """
    data = original(folder, document) if has_pictures(document) else None
    if data is None:
        raise SourceError(
            f"{document.name}: the file has changed since it was indexed, or is gone",
            hint="Its text is shown as it was indexed. Add the document again.",
        )
    if span is None:
        return page_picture(data, page)
    start, end = span
    quote = document.text[start:end]
    return page_picture(data, page, quote, _earlier(document, page, start, quote))


def _earlier(document: Document, page: int, start: int, quote: str) -> int:
    """How often the page's text has the same words before this place."""
    mark = next((one for one in document.marks if _is_page(one, page)), None)
    if mark is None or not folded(quote):
        return 0
    return folded(document.text[mark.start : start]).count(folded(quote))


def _is_page(mark: Mark, page: int) -> bool:
    return mark.kind == "page" and mark.value == str(page)
