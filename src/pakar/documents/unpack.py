"""Sources within a source: the mails of a mailbox, the attachments of a mail.

Every part is a source of its own, read, hashed and removed like a file; its name lies below that
of what it came in. A part's bytes lie in a scratch file until it was read. Knows what has parts
and how many are too many. Parses no mail: a reading process takes them apart. Of the mails of a
mailbox it looks at two headers, cut short.
"""

from __future__ import annotations

import email
import email.policy
import hashlib
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from pakar import config
from pakar.documents import mail_eml, mbox, mediatype
from pakar.documents.discover import Found
from pakar.documents.mail_names import Names, named, title_name
from pakar.documents.mediatype import kind_by_name, mail_by_content, readable_by_name
from pakar.documents.workers.attachments import AttachedFile, OpenedMail
from pakar.types import Document, Failure

_DEEPEST = 5
_MEGABYTE = 1_000_000
_HEAD = 65_536
# A header that is longer names nothing.
_LONGEST_HEADER = 2_000
_NAMING = re.compile(rb"^(?:subject|date):[^\n]*\n?(?:[ \t][^\n]*\n?)*", re.I | re.M)
_END_OF_HEADERS = re.compile(rb"\r?\n\r?\n")
_SUFFIXES = (".eml", ".msg", ".mbox", ".mbx")

IsIndexed = Callable[[str, str], bool]
OpenMail = Callable[[Found], OpenedMail | None]


def content_hash(source: Found) -> str:
    """The SHA-256 of a source's bytes. Raises OSError."""
    return source.digest or _digest(source.path)


def label(source: Found, document: Document) -> Document:
    """A document whose title says in which mail it came."""
    if not source.within:
        return document
    return replace(document, title=f"{document.title} (in: {source.within})")


class Unpacker:
    """Finds the parts of sources. `skipped` collects each part that pakar does not read."""

    def __init__(self, scratch: Path, limits: config.Documents, open_mail: OpenMail) -> None:
        """`scratch` is a folder for the parts' bytes; what lies there is deleted. `open_mail`
        takes a mail apart, in another process; None where that cannot be done."""
        self.skipped: list[Failure] = []
        self._open_mail = open_mail
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
            yield from self._mail(source, is_indexed)
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
                part = self._part(source, name, hashlib.sha256(data).hexdigest(), "mail.eml")
                if not is_indexed(part.name, part.digest):
                    _room(part.path).write_bytes(data)
                yield from self._mail(part, is_indexed)

    def _mail(self, source: Found, is_indexed: IsIndexed) -> Iterator[Found]:
        if not is_indexed(source.name, content_hash(source)):
            mail = self._open_mail(source)
            if mail is not None:
                for name, attachment in named(mail.attachments):
                    yield from self._attachment(source, mail, (name, attachment), is_indexed)
                if mail.folder is not None:
                    shutil.rmtree(mail.folder, ignore_errors=True)
        yield source

    def _attachment(
        self,
        source: Found,
        mail: OpenedMail,
        one: tuple[str, AttachedFile],
        is_indexed: IsIndexed,
    ) -> Iterator[Found]:
        name, attachment = one
        is_mail = attachment.media_type == mediatype.EML
        if attachment.embedded:
            return
        if source.depth >= _DEEPEST:
            self._skip(f"{source.name}/{name}", f"lies more than {_DEEPEST} mails deep: not read")
        elif attachment.size > self._most:
            self._skip(f"{source.name}/{name}", self._too_large())
        elif not is_mail and not readable_by_name(Path(name)):
            self._skip(f"{source.name}/{name}", f"{kind_by_name(Path(name))}: not read")
        else:
            file_name = "mail.eml" if is_mail else name
            part = self._part(source, name, _digest(attachment.path), file_name)
            if not is_indexed(part.name, part.digest):
                attachment.path.replace(_room(part.path))
            yield from self.expand(
                replace(part, within=mail.subject or source.path.stem), is_indexed
            )

    def _part(self, source: Found, name: str, digest: str, file_name: str) -> Found:
        """A part as a source. Its file is not there yet: what is indexed as it is needs none."""
        if self._count == 0:  # of a run that was killed
            shutil.rmtree(self._scratch, ignore_errors=True)
        self._count += 1
        path = self._scratch / f"{self._count:07}" / file_name
        depth = source.depth + 1
        return Found(f"{source.name}/{name}", path, digest=digest, depth=depth, temporary=True)

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
    return mail_by_content(source.path)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _room(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _first(headers: bytes) -> list[re.Match[bytes]]:
    """The first subject and the first date."""
    found = {match.group()[:1].lower(): match for match in reversed([*_NAMING.finditer(headers)])}
    return [*found.values()]


def _mail_name(data: bytes) -> str:
    """Day and subject: readable, and the same wherever in its mailbox the mail stands."""
    headers = _END_OF_HEADERS.split(data[:_HEAD], 1)[0]
    naming = b"".join(one.group()[:_LONGEST_HEADER] for one in _first(headers))
    head = email.message_from_bytes(naming, policy=email.policy.default)
    subject = mail_eml.header(head, "subject")
    day = mail_eml.readable_date(mail_eml.header(head, "date"))[:10]
    words = title_name(f"{day} {subject}".strip(), default="")
    return words or "mail without date and subject"
