"""Reads one source into a Document: limits, kind, reader, language, title.

Knows which reader takes which kind of file. Every failure, of whatever library, leaves here as
one SourceError with one line.
"""

from __future__ import annotations

import hashlib
import importlib
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from pakar import config
from pakar.documents import mediatype
from pakar.errors import MissingExtraError, SourceError
from pakar.language.detect import detect
from pakar.language.instructions import instruction_spans
from pakar.ports import Extracted, Reader
from pakar.types import Document

_IMAGE_READER = ("pakar.documents.images", "ImageReader")
_READERS = {
    mediatype.PDF: ("pakar.documents.pdf", "PdfReader"),
    mediatype.DOCX: ("pakar.documents.office", "DocxReader"),
    mediatype.PPTX: ("pakar.documents.office", "PptxReader"),
    mediatype.HTML: ("pakar.documents.web", "HtmlReader"),
    mediatype.MARKDOWN: ("pakar.documents.markdown", "MarkdownReader"),
    mediatype.TEXT: ("pakar.documents.plain", "TextReader"),
    mediatype.EML: ("pakar.documents.mail", "EmlReader"),
    mediatype.MSG: ("pakar.documents.mail", "MsgReader"),
    **dict.fromkeys(mediatype.IMAGES, _IMAGE_READER),
}
Item = TypeVar("Item")
# Kinds of file that can hold text which nobody sees.
_CAN_HIDE = (mediatype.PDF, mediatype.DOCX, mediatype.HTML)
# Kinds of file that may have to be read from their picture.
_BY_OCR = (mediatype.PDF, *mediatype.IMAGES)
_MEGABYTE = 1_000_000
_BLOCK = 1 << 20
_LONGEST_REASON = 200
_SHOWN = 80
# Half characters and zero bytes cannot be stored; replacing them keeps all offsets.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_STEM_GAPS = re.compile(r"[\s_]+")
_DAMAGED_HINT = "open it in its own program, save it anew, and add that"


def read_document(
    path: Path, name: str, limits: config.Documents, reading: config.Reading | None = None
) -> Document:
    """The document in the file at `path`; `name` is how the user knows it.

    Raises SourceError where the file is missing, too large, empty, damaged, protected, of a kind
    that is not read, or holds no text.
    """
    with _translated(name):
        _check_size(path, name, limits)
        digest = content_hash(path)
        kind = mediatype.detect_media_type(path)
        reader = _reader(path, kind.media_type, limits, reading or config.Reading())
        extracted = _storable(reader.read(path))
    _check_text(extracted.text, name, limits)
    warning = (kind.warning,) if kind.warning else ()
    language = detect(extracted.text)
    return Document(
        name=name,
        text=extracted.text,
        title=extracted.title or title_of(path),
        language=language,
        content_hash=digest,
        media_type=kind.media_type,
        marks=extracted.marks,
        warnings=(*warning, *extracted.warnings, *_orders(extracted.text, language)),
    )


def media_type_of(path: Path, name: str, limits: config.Documents) -> mediatype.Detected:
    """What the file is. Raises SourceError where it is too large or of a kind that is not read."""
    with _translated(name):
        _check_size(path, name, limits)
        return mediatype.detect_media_type(path)


def checked(items: Iterator[Item], name: str) -> Iterator[Item]:
    """The items; whatever goes wrong while they are made leaves as one SourceError."""
    while True:
        with _translated(name):
            try:
                item = next(items)
            except StopIteration:
                return
        yield item


@contextmanager
def _translated(name: str) -> Iterator[None]:
    try:
        yield
    except SourceError:
        raise
    except MissingExtraError as error:
        raise SourceError(f"{name}: {error}", hint=error.hint) from error
    except MemoryError:
        raise SourceError(
            f"{name}: needs more memory than there is", hint="split the file into smaller ones"
        ) from None
    except RecursionError:
        raise SourceError(f"{name}: is nested too deeply", hint=_DAMAGED_HINT) from None
    except Exception as error:  # libraries raise what they like on hostile input
        raise SourceError(f"{name}: is damaged ({_reason(error)})", hint=_DAMAGED_HINT) from error


def content_hash(path: Path) -> str:
    """The SHA-256 of the file's bytes, in hexadecimal. Raises SourceError."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
    except OSError as error:
        raise _cannot_open(path.name, error) from error
    return digest.hexdigest()


def _check_size(path: Path, name: str, limits: config.Documents) -> None:
    try:
        status = path.stat()
    except OSError as error:
        raise _cannot_open(name, error) from error
    if not stat.S_ISREG(status.st_mode):
        raise SourceError(f"{name}: is no regular file", hint="name a file or a folder of files")
    if status.st_size == 0:
        raise SourceError(f"{name}: is empty (0 bytes)", hint="fill it, or leave it out")
    if status.st_size > limits.max_megabytes * _MEGABYTE:
        raise SourceError(
            f"{name}: has {status.st_size / _MEGABYTE:,.1f} MB; "
            f"the limit is {limits.max_megabytes:,} MB",
            hint="raise documents.max_megabytes in pakar.toml, or split the file",
        )


def _cannot_open(name: str, error: OSError) -> SourceError:
    return SourceError(
        f"{name}: cannot be opened: {error.strerror or error}",
        hint="check that the file exists and that you may read it",
    )


def _reader(
    path: Path, media_type: str, limits: config.Documents, reading: config.Reading
) -> Reader:
    if media_type in mediatype.TABLES:
        raise SourceError(
            f"{path.name}: is a table, and is read row by row", hint="add it with: pakar add"
        )
    if media_type == mediatype.MBOX:
        raise SourceError(
            f"{path.name}: is a mailbox, and is read mail by mail",
            hint="add it with: pakar add",
        )
    module, class_name = _READERS[media_type]
    settings: dict[str, object] = {}
    if media_type in _CAN_HIDE and limits.invisible_text:
        settings["invisible_text"] = True
    if media_type in _BY_OCR:
        settings |= {"ocr": reading.ocr, "seconds": reading.seconds}
    reader = getattr(importlib.import_module(module), class_name)(**settings)
    if not isinstance(reader, Reader):
        raise TypeError(f"{module}.{class_name} is no reader")
    return reader


def _storable(extracted: Extracted) -> Extracted:
    if not _UNSTORABLE.search(extracted.text + extracted.title):
        return extracted
    return replace(
        extracted,
        text=_UNSTORABLE.sub("\ufffd", extracted.text),
        title=_UNSTORABLE.sub("\ufffd", extracted.title),
        marks=tuple(
            replace(mark, value=_UNSTORABLE.sub("\ufffd", mark.value)) for mark in extracted.marks
        ),
    )


def _check_text(text: str, name: str, limits: config.Documents) -> None:
    if not text.strip():
        raise SourceError(f"{name}: holds no text", hint="check that the file is the right one")
    if len(text) > limits.max_characters:
        raise SourceError(
            f"{name}: holds {len(text):,} characters; the limit is {limits.max_characters:,}",
            hint="raise documents.max_characters in pakar.toml, or split the file",
        )


def _orders(text: str, language: str) -> list[str]:
    """A line on sentences that speak to a language model; they stay text, and are never obeyed."""
    spans = instruction_spans(text, language)
    if not spans:
        return []
    words = " ".join(text[slice(*spans[0])].split())
    shown = words if len(words) <= _SHOWN else f"{words[:_SHOWN]}…"
    places = "1 place" if len(spans) == 1 else f"{len(spans):,} places"
    return [f"speaks to a language model in {places}; neither shown to one nor quoted: “{shown}”"]


def _reason(error: Exception) -> str:
    """The first line of what a library says, or the kind of its error."""
    lines = str(error).strip().splitlines()
    text = lines[0].strip() if lines else ""
    return text[:_LONGEST_REASON] or type(error).__name__


def title_of(path: Path) -> str:
    """The file's name without its ending, for people: underscores are spaces."""
    return _STEM_GAPS.sub(" ", path.stem).strip() or path.name
