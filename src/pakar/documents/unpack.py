"""Sources within a source: the mails of a mailbox, the attachments of a mail.

Every part is a source of its own, read, hashed and removed like a file; its name lies below that
of what it came in. A part's bytes lie in a scratch file until it was read. Knows what has parts
and how many are too many; reads no part.
"""

from __future__ import annotations

import email
import email.policy
import hashlib
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from pakar import config
from pakar.documents import mail_eml, mail_msg, mbox, mediatype
from pakar.documents.discover import Found
from pakar.documents.mail_message import Attachment, Mail
from pakar.documents.mail_names import Names, named, title_name
from pakar.documents.mediatype import detect_media_type, kind_by_name, readable_by_name
from pakar.errors import SourceError
from pakar.types import Document, Failure

_DEEPEST = 5
_MEGABYTE = 1_000_000
_HEAD = 65_536
_SUFFIXES = (".eml", ".msg", ".mbox", ".mbx")

IsIndexed = Callable[[str, str], bool]


def content_hash(source: Found) -> str:
    """The SHA-256 of a source's bytes. Raises OSError."""
    if source.digest:
        return source.digest
    with source.path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def label(source: Found, document: Document) -> Document:
    """A document whose title says in which mail it came."""
    if not source.within:
        return document
    return replace(document, title=f"{document.title} (in: {source.within})")


class Unpacker:
    """Finds the parts of sources. `skipped` collects each part that pakar does not read."""

    def __init__(self, scratch: Path, limits: config.Documents) -> None:
        """`scratch` is a folder for the parts' bytes; what lies there is deleted."""
        self.skipped: list[Failure] = []
        self._scratch = scratch
        self._most = limits.max_megabytes * _MEGABYTE
        self._count = 0

    def expand(self, source: Found, is_indexed: IsIndexed) -> Iterator[Found]:
        """The parts of a source, then the source itself, unless it is nothing but a container.

        `is_indexed` says of a name and a hash that they are in the index: such a mail is not
        taken apart again. Raises OSError where the source cannot be opened.
        """
        kind = _kind(source) if source.address is None else ""
        if kind == mediatype.MBOX:
            yield from self._mailbox(source, is_indexed)
        elif kind in (mediatype.EML, mediatype.MSG):
            yield from self._mail(source, kind, is_indexed)
        else:
            yield source

    def done(self, source: Found) -> None:
        """Frees the scratch file of a part that was read."""
        if source.temporary:
            shutil.rmtree(source.path.parent, ignore_errors=True)

    def _mailbox(self, source: Found, is_indexed: IsIndexed) -> Iterator[Found]:
        names = Names()
        for number, data in enumerate(mbox.mails(source.path, most_bytes=self._most), start=1):
            if data is None:
                self._skip(f"{source.name}/mail {number}", self._too_large())
            elif data.strip():
                name = names.unique(_mail_name(data), is_file=False)
                found = self._part(source, name, data, "mail.eml", is_indexed)
                yield from self._mail(found, mediatype.EML, is_indexed)

    def _mail(self, source: Found, kind: str, is_indexed: IsIndexed) -> Iterator[Found]:
        if not is_indexed(source.name, content_hash(source)):
            mail = _parsed(source, kind, self._most)
            for name, attachment in named(mail.attachments):
                yield from self._attachment(source, mail, name, attachment, is_indexed)
        yield source

    def _attachment(
        self, source: Found, mail: Mail, name: str, attachment: Attachment, is_indexed: IsIndexed
    ) -> Iterator[Found]:
        is_mail = attachment.media_type == mediatype.EML
        if attachment.embedded:
            return
        if source.depth >= _DEEPEST:
            self._skip(f"{source.name}/{name}", f"lies more than {_DEEPEST} mails deep: not read")
        elif len(attachment.data) > self._most:
            self._skip(f"{source.name}/{name}", self._too_large())
        elif not is_mail and not readable_by_name(Path(name)):
            self._skip(f"{source.name}/{name}", f"{kind_by_name(Path(name))}: not read")
        else:
            file_name = "mail.eml" if is_mail else name
            part = self._part(source, name, attachment.data, file_name, is_indexed)
            yield from self.expand(
                replace(part, within=mail.subject or source.path.stem), is_indexed
            )

    def _part(
        self, source: Found, name: str, data: bytes, file_name: str, is_indexed: IsIndexed
    ) -> Found:
        """A part as a source. What is indexed as it is needs no file."""
        digest = hashlib.sha256(data).hexdigest()
        full = f"{source.name}/{name}"
        if self._count == 0:  # of a run that was killed
            shutil.rmtree(self._scratch, ignore_errors=True)
        self._count += 1
        path = self._scratch / f"{self._count:07}" / file_name
        if not is_indexed(full, digest):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        return Found(full, path, digest=digest, depth=source.depth + 1, temporary=True)

    def _skip(self, name: str, reason: str) -> None:
        self.skipped.append(Failure(name, reason, ""))

    def _too_large(self) -> str:
        return f"has more than {self._most // _MEGABYTE:,} MB: not read"


def _kind(source: Found) -> str:
    """The media type, where it could be one that has parts."""
    is_mail = source.path.suffix.lower() in _SUFFIXES
    if not is_mail and readable_by_name(source.path):
        return ""
    if source.temporary and not source.path.exists():  # indexed as it is
        return ""
    try:
        return detect_media_type(source.path).media_type
    except SourceError:
        return ""  # the reader will say why


def _parsed(source: Found, kind: str, most: int) -> Mail:
    """An empty mail where it cannot be read: its reader will say why."""
    try:
        if source.path.stat().st_size > most:
            return Mail()
        if kind == mediatype.EML:
            return mail_eml.parse(source.path.read_bytes())
        return mail_msg.parse(source.path)
    except Exception:  # the library's parser raises many kinds of errors on malformed mails
        return Mail()


def _mail_name(data: bytes) -> str:
    """Day and subject: readable, and the same wherever in its mailbox the mail stands."""
    head = email.message_from_bytes(data[:_HEAD], policy=email.policy.default)
    subject = mail_eml.header(head, "subject")
    day = mail_eml.readable_date(mail_eml.header(head, "date"))[:10]
    words = title_name(f"{day} {subject}".strip(), default="")
    return words or "mail without date and subject"
