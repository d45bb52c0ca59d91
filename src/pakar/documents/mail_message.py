"""A mail as the reader and the unpacking see it, whatever kind of file it came in.

Values only; knows no format.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came with a mail.

    `name` is what the mail calls it, possibly hostile or empty. `data` are its bytes. `embedded`
    is true for what the mail's own text shows, such as the logo of a signature.
    """

    name: str
    media_type: str
    data: bytes
    embedded: bool = False


@dataclass(frozen=True, slots=True)
class Mail:
    """Headers decoded, and the body as plain text or as HTML.

    `date` is readable ("2024-05-03 10:22 +0700") or as the mail has it. `plain` and `markup` are
    the body in both forms, each may be empty. `unread` are one-line reasons why a part of the
    mail could not be read.
    """

    subject: str = ""
    sender: str = ""
    to: str = ""
    cc: str = ""
    date: str = ""
    plain: str = ""
    markup: str = ""
    attachments: tuple[Attachment, ...] = ()
    unread: tuple[str, ...] = ()
