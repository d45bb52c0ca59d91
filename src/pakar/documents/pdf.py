"""Reads PDF files: text in reading order, headings, lists, tables and page numbers.

Knows how to open a PDF and in which order the steps go; the steps are files of their own. A page
without a text of its own is read from its picture where an OCR engine is installed, and named in
a warning. pdfium is not made for threads, so one PDF is read at a time.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pypdfium2
import pypdfium2.raw as pdfium

from pakar.documents.furniture import EdgeLine, repeated
from pakar.documents.invisible import InvisibleText
from pakar.documents.pdf_blocks import BlockWriter
from pakar.documents.pdf_characters import page_words
from pakar.documents.pdf_layout import regions
from pakar.documents.pdf_page import Line, Page, Region
from pakar.documents.pdf_rules import page_drawing
from pakar.documents.pdf_scans import DAMAGED_SHARE, ScanReader, listed
from pakar.documents.pdf_tables import find_tables
from pakar.errors import SourceError
from pakar.ports import Extracted

_MOST_CHARACTERS = 20_000_000
_MOST_PAGES = 20_000
_LARGE = 1.1
_MOST_FURNITURE = 0.5
_JUNK_TITLE = re.compile(
    r"untitled|microsoft (word|powerpoint)|[\\/]"
    r"|\.(docx?|pptx?|xlsx?|indd|tex|dvi|pdf|rtf|html?)\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"\w+")


class PdfReader:
    """Takes the text out of PDF files."""

    def __init__(
        self,
        *,
        max_characters: int = _MOST_CHARACTERS,
        invisible_text: bool = False,
        ocr: str = "auto",
        seconds: float = math.inf,
    ) -> None:
        """`invisible_text` keeps words that nobody sees; `ocr` is the setting of that name: what
        reads pages without text, within these `seconds`."""
        self._max_characters = max_characters
        self._invisible_text = invisible_text
        self._ocr = ocr
        self._seconds = seconds

    def read(self, path: Path) -> Extracted:
        """Raises SourceError where the file is damaged, has a password, or holds no text."""
        invisible = InvisibleText(keep=self._invisible_text)
        scans = ScanReader(self._ocr, self._seconds)
        with _opened(path) as document:
            pages, warnings = self._pages(document, path, invisible, scans)
            title = _metadata_title(document)
        if not any(page.regions for page in pages):
            raise _no_text(path, pages, invisible, scans)
        warnings += [*_page_warnings(pages, scans), *invisible.warnings()]
        extracted = written(pages, warnings)
        if extracted.title or not _is_said(title, pages):
            return extracted
        return replace(extracted, title=title)

    def _pages(
        self,
        document: pypdfium2.PdfDocument,
        path: Path,
        invisible: InvisibleText,
        scans: ScanReader,
    ) -> tuple[list[Page], list[str]]:
        if len(document) > _MOST_PAGES:
            raise SourceError(
                f"{path.name} has {len(document):,} pages; the limit is {_MOST_PAGES:,}",
                hint="split the file into smaller ones",
            )
        pages: list[Page] = []
        warnings: list[str] = []
        characters = 0
        for position in range(len(document)):
            try:
                page = _page(document, position, invisible, scans)
            except pypdfium2.PdfiumError:
                warnings.append(f"page {position + 1} is damaged and was left out")
                continue
            pages.append(page)
            characters += page.characters
            if characters > self._max_characters:
                raise SourceError(
                    f"{path.name} holds more than {self._max_characters:,} characters",
                    hint="raise documents.max_characters in pakar.toml, or split the file",
                )
        if len(document) and not pages:
            raise _damaged(path)
        return pages, warnings


def written(pages: Sequence[Page], warnings: Sequence[str]) -> Extracted:
    """Pages as text and marks, without what repeats at their edges."""
    kept = _without_furniture(pages)
    writer = BlockWriter(kept)
    for page in kept:
        writer.write(page)
    return writer.builder.extracted(warnings=warnings)


@contextmanager
def _opened(path: Path) -> Iterator[pypdfium2.PdfDocument]:
    try:
        document = pypdfium2.PdfDocument(path.read_bytes())
    except pypdfium2.PdfiumError as error:
        if error.err_code == pdfium.FPDF_ERR_PASSWORD:
            raise SourceError(
                f"{path.name} is protected by a password",
                hint="save a copy without the password, and add that",
            ) from None
        if error.err_code == pdfium.FPDF_ERR_SECURITY:
            raise SourceError(
                f"{path.name} is encrypted in a way that pakar cannot open",
                hint="print it to a new PDF, and add that",
            ) from None
        raise _damaged(path) from None
    try:
        yield document
    finally:
        document.close()


def _damaged(path: Path) -> SourceError:
    return SourceError(
        f"{path.name} is damaged: no page of this PDF can be read",
        hint="open it in a PDF viewer; if it opens, print it to a new PDF and add that",
    )


def _no_text(
    path: Path, pages: Sequence[Page], invisible: InvisibleText, scans: ScanReader
) -> SourceError:
    if not invisible.is_empty:
        return SourceError(
            f"{path.name} holds no text that anybody sees: {invisible.warnings()[0]}",
            hint="if it is wanted, set documents.invisible_text = true in pakar.toml",
        )
    if scans.missing is not None:
        return SourceError(f"{path.name} is a scan: {scans.missing}", hint=scans.missing.hint)
    if any(page.images for page in pages):
        return SourceError(
            f"{path.name} holds pictures and no text that can be read",
            hint="if it shows text, scan it again with 300 dots an inch; see reading.ocr too",
        )
    return SourceError(
        f"{path.name} holds no text on its {len(pages)} page(s)",
        hint="check that the file is the right one",
    )


def _page(
    document: pypdfium2.PdfDocument, position: int, invisible: InvisibleText, scans: ScanReader
) -> Page:
    page = document[position]
    try:
        return scans.page(page, _with_text(page, position + 1, invisible))
    finally:
        page.close()


def _with_text(page: pypdfium2.PdfPage, number: int, invisible: InvisibleText) -> Page:
    """The page by its own text."""
    found = page_words(page, number, invisible)
    drawing = page_drawing(page, found.frame)
    tables, words = find_tables(found.main, drawing.rules)
    parts = regions(words, tables)
    for words_aside in found.aside:
        parts += [replace(region, aside=True) for region in regions(words_aside, ())]
    return Page(
        number=number,
        height=found.frame.height,
        regions=tuple(parts),
        characters=found.characters,
        damaged=found.damaged,
        images=drawing.images,
        covered=drawing.covered,
    )


def _page_warnings(pages: Sequence[Page], scans: ScanReader) -> list[str]:
    """What the user should know about pages that gave less than they show."""
    warnings = scans.warnings()
    pictures = [page.number for page in pages if page.images and not page.regions]
    if pictures and not scans.has_unread:
        warnings.append(f"only pictures, nothing read, on page(s) {listed(pictures)}")
    damaged = [p.number for p in pages if p.damaged > DAMAGED_SHARE * max(1, p.characters)]
    if damaged:
        warnings.append(f"characters without a code on page(s) {listed(damaged)}")
    return warnings


def _without_furniture(pages: Sequence[Page]) -> list[Page]:
    """The pages without the headers, footers and page numbers that repeat on them."""
    sizes = sorted(line.size for page in pages for line in _lines(page))
    body = sizes[len(sizes) // 2] if sizes else 0.0
    tops = [sorted(_lines(page), key=lambda line: line.y) for page in pages]
    above = repeated([[_edge(line, line.y, body) for line in lines] for lines in tops])
    below = repeated(
        [[_edge(line, page.height - line.y, body) for line in reversed(lines)]
         for page, lines in zip(pages, tops, strict=True)]
    )  # fmt: skip
    kept = []
    for page, lines, first, last in zip(pages, tops, above, below, strict=True):
        dropped = {id(line) for line in [*lines[:first], *lines[max(first, len(lines) - last) :]]}
        most = max(2.0, _MOST_FURNITURE * len(lines))
        if len(dropped) > most or _is_all(dropped, page):
            dropped = set()  # pages that are copies of each other, not pages with headers
        parts = (_without(region, dropped) for region in page.regions)
        kept.append(replace(page, regions=tuple(part for part in parts if part.items)))
    return kept


def _is_all(dropped: set[int], page: Page) -> bool:
    return all(id(item) in dropped for region in page.regions for item in region.items)


def _edge(line: Line, distance: float, body: float) -> EdgeLine:
    return EdgeLine(line.text, distance, line.size >= _LARGE * body)


def _lines(page: Page) -> list[Line]:
    return [item for region in page.regions for item in region.items if isinstance(item, Line)]


def _without(region: Region, dropped: set[int]) -> Region:
    return replace(region, items=tuple(item for item in region.items if id(item) not in dropped))


def _metadata_title(document: pypdfium2.PdfDocument) -> str:
    title = " ".join(document.get_metadata_value("Title").split())
    return "" if len(title) < 4 or _JUNK_TITLE.search(title) else title


def _is_said(title: str, pages: Sequence[Page]) -> bool:
    """Most words of the title stand on the first pages; titles left from a template do not."""
    words = {word.casefold() for word in _WORD.findall(title)}
    text = " ".join(line.text for page in pages[:2] for line in _lines(page)).casefold()
    said = words & set(_WORD.findall(text))
    return bool(words) and len(said) >= 0.6 * len(words)
