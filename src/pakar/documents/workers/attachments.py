"""What a worker leaves of a mail beside its document: the attachments' bytes, a file each.

Files are numbered, so that nothing that a mail calls an attachment is ever a path. The owner takes
sizes from the files and not from the worker's word.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pakar.documents import mail_eml, mail_msg
from pakar.documents.decoding import read_bytes
from pakar.documents.mail_message import Mail
from pakar.documents.mediatype import MSG
from pakar.documents.workers.messages import LONGEST_NAME, Attached, MailContents


@dataclass(frozen=True, slots=True)
class AttachedFile:
    """An attachment in a file of its own. `name` is the mail's, possibly hostile or empty."""

    name: str
    media_type: str
    path: Path
    size: int
    embedded: bool


@dataclass(frozen=True, slots=True)
class OpenedMail:
    """A mail taken apart. Who asked for it deletes `folder`, if there is one."""

    subject: str
    attachments: tuple[AttachedFile, ...]
    folder: Path | None


def write_out(path: Path, media_type: str, make_folder: Callable[[], Path]) -> MailContents:
    """The worker's side: the mail's attachments into a folder, which is made where it has any."""
    mail = _parsed(path, media_type)
    folder = make_folder() if mail.attachments else Path()
    for number, one in enumerate(mail.attachments):
        (folder / str(number)).write_bytes(one.data)
    return MailContents(
        subject=_short(mail.subject),
        attached=tuple(
            Attached(name=_short(one.name), media_type=_short(one.media_type),
                     embedded=one.embedded)
            for one in mail.attachments
        ),
    )  # fmt: skip


def taken_over(contents: MailContents, folder: Path | None) -> OpenedMail:
    """The owner's side, when `folder` is out of the worker's reach. Raises ValueError where a
    file is missing or none."""
    if folder is None:
        if contents.attached:
            raise ValueError("attachments without a folder")
        return OpenedMail(contents.subject, (), None)
    files = []
    for number, one in enumerate(contents.attached):
        path = folder / str(number)
        if path.is_symlink() or not path.is_file():
            raise ValueError(f"attachment {number} is no file")
        size = path.stat().st_size
        files.append(AttachedFile(one.name, one.media_type, path, size, one.embedded))
    return OpenedMail(contents.subject, tuple(files), folder.parent)


def _parsed(path: Path, media_type: str) -> Mail:
    return mail_msg.parse(path) if media_type == MSG else mail_eml.parse(read_bytes(path))


def _short(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")[:LONGEST_NAME]
