"""The file that a document was read from, as long as it is still the same, and pictures of it."""

from __future__ import annotations

from pathlib import Path

from pakar.config import Config
from pakar.documents.mediatype import PDF
from pakar.documents.pdf_letters import folded
from pakar.documents.pdf_picture import PagePicture, page_picture
from pakar.documents.read import content_hash
from pakar.documents.workers.messages import Drawing
from pakar.errors import SourceError
from pakar.types import Document, Mark

# More fills many a page; what is sought has to fit into a message.
_LONGEST_QUOTE = 20_000


def original(folder: Path, document: Document) -> Path | None:
    """The file that the document was read from; None where it is another one now, or gone.

    `folder` is the expert's.
    """
    path = folder / document.name
    try:
        return path if content_hash(path) == document.content_hash else None
    except SourceError:
        return None


def has_pictures(document: Document) -> bool:
    """Whether its pages can be drawn."""
    return document.media_type == PDF


def picture(
    folder: Path,
    config: Config,
    document: Document,
    page: int,
    span: tuple[int, int] | None = None,
) -> PagePicture:
    """A page of a document, with the places on it of the text at `span`.

    Raises SourceError where it cannot be drawn: it is no PDF, its file has changed since it was
    indexed, or pdfium fails at it.
    """
    path = original(folder, document) if has_pictures(document) else None
    if path is None:
        raise SourceError(
            f"{document.name}: the file has changed since it was indexed, or is gone",
            hint="Its text is shown as it was indexed. Add the document again.",
        )
    if span is None:
        return page_picture(path, Drawing(page=page), config)
    start, end = span
    quote = document.text[start : min(end, start + _LONGEST_QUOTE)]
    which = _earlier(document, page, start, quote)
    return page_picture(path, Drawing(page=page, quote=quote, which=which), config)


def _earlier(document: Document, page: int, start: int, quote: str) -> int:
    """How often the page's text has the same words before this place."""
    mark = next((one for one in document.marks if _is_page(one, page)), None)
    if mark is None or not folded(quote):
        return 0
    return folded(document.text[mark.start : start]).count(folded(quote))


def _is_page(mark: Mark, page: int) -> bool:
    return mark.kind == "page" and mark.value == str(page)
