"""What a reading process and its owner say to each other, as JSON that is checked field by field.

No pickle: a worker parses hostile files, so what it sends is read as data and fitted into the
types of `pakar.types`, or refused. New fields of those types travel without a change here.
"""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from pakar.config import Config
from pakar.documents.mail_eml import MOST_PARTS
from pakar.types import Document

_STRICT = ConfigDict(extra="forbid", frozen=True, ser_json_bytes="base64", val_json_bytes="base64")
_DOCUMENT = TypeAdapter(Document)
LONGEST_NAME = 1_000
MOST_BOXES = 1_000


class Setup(BaseModel):
    """The first message to a worker: what holds for all files, and where it may write."""

    model_config = _STRICT
    config: Config
    folder: str


class Ready(BaseModel):
    """The worker's answer to it: which limits this machine lets it have, a word each.

    `network`: "namespace" (the kernel gives it no network), "rules" (the kernel forbids it TCP),
    "guard" (only Python's sockets are shut). `files`: "rules" (the kernel lets it write in its
    own folder only) or "none". `memory`: "limit" (the kernel's), "watch" (its own) or "none".
    """

    model_config = _STRICT
    network: str
    files: str
    memory: str


class Drawing(BaseModel):
    """Draw page number `page` (from 1) of a PDF, with the places of a quote on it.

    `which` counts the earlier places of the same words on the page.
    """

    model_config = _STRICT
    page: int
    quote: str = ""
    which: int = 0


class Drawn(BaseModel):
    """A drawn page; its PNG follows. Lengths are pixels of the picture, boxes left, top, right,
    bottom. `boxes` is empty where the quote was not found. `pages` counts the document's."""

    model_config = _STRICT
    width: int
    height: int
    pages: int
    boxes: tuple[tuple[float, float, float, float], ...] = Field((), max_length=MOST_BOXES)


class Job(BaseModel):
    """Read this file. `path` is base64 of the file system's own bytes, whatever they are.

    With `attachments`, those of a mail are wanted too. With `drawing`, the answer is a picture.
    """

    model_config = _STRICT
    path: bytes
    name: str
    attachments: bool = False
    drawing: Drawing | None = None

    @classmethod
    def of(
        cls, path: Path, name: str, *, attachments: bool = False, drawing: Drawing | None = None
    ) -> Job:
        place = os.fsencode(path.absolute())
        return cls(path=place, name=name, attachments=attachments, drawing=drawing)

    @property
    def file(self) -> Path:
        return Path(os.fsdecode(self.path))


class Refusal(BaseModel):
    """The file cannot be read. `errno` is 0 unless the system would not open it."""

    model_config = _STRICT
    message: str
    hint: str
    errno: int = 0
    out_of_memory: bool = False


class Attached(BaseModel):
    """What a mail says of one attachment; its bytes lie in a file (see `attachments.py`)."""

    model_config = _STRICT
    name: str = Field(max_length=LONGEST_NAME)
    media_type: str = Field(max_length=LONGEST_NAME)
    embedded: bool


class MailContents(BaseModel):
    """A mail's subject and attachments."""

    model_config = _STRICT
    subject: str = Field(max_length=LONGEST_NAME)
    attached: tuple[Attached, ...] = Field(max_length=MOST_PARTS)


class Reply(BaseModel):
    """The head of an answer: a refusal, or a document (of a drawing: a PNG) that follows in a
    message of its own.

    `peak_bytes` is the most memory that the worker held at once since it took the file, 0 where
    the system does not tell. `folder` is where, below the worker's own, a source of tables left
    its parts and table files (`spool.py`), or a mail its attachments (`attachments.py`, listed in
    `mail`); "" for any other.
    """

    model_config = _STRICT
    refusal: Refusal | None = None
    peak_bytes: int = 0
    folder: str = ""
    mail: MailContents | None = None
    drawn: Drawn | None = None


def document_to_json(document: Document) -> bytes:
    return _DOCUMENT.dump_json(document)


def document_from_json(payload: bytes, name: str, limit: int) -> Document:
    """The document that a worker sent for `name`. Raises ValueError where it is not one."""
    document = _DOCUMENT.validate_json(payload)
    length = len(document.text)
    if document.name != name:
        raise ValueError(f"the answer is for {document.name!r:.80}")
    if length > limit or "\x00" in document.text:
        raise ValueError("the text is not what may be stored")
    if any(not 0 <= mark.start <= mark.end <= length for mark in document.marks):
        raise ValueError("a mark lies outside the text")
    return document


__all__ = [
    "Attached",
    "Drawing",
    "Drawn",
    "Job",
    "MailContents",
    "Ready",
    "Refusal",
    "Reply",
    "Setup",
    "ValidationError",
    "document_from_json",
    "document_to_json",
]
