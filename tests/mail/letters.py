"""Writes mails as programs do, for the tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from email.message import EmailMessage


def letter(
    subject: str,
    body: str,
    *,
    sender: str = "Ann Lee <ann@bank.example>",
    date: str = "Fri, 03 May 2024 10:22:00 +0700",
    files: Mapping[str, bytes] | None = None,
    mails: Sequence[EmailMessage] = (),
) -> EmailMessage:
    """A mail with attachments: files by name, and other mails."""
    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = "Budi <budi@bank.example>"
    mail["Subject"] = subject
    mail["Date"] = date
    mail.set_content(body)
    for name, data in (files or {}).items():
        mail.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
    for inner in mails:
        mail.add_attachment(inner)
    return mail


def mailbox(letters: Sequence[EmailMessage]) -> bytes:
    """An mbox file of these mails, lines like its separator quoted."""
    parts = []
    for one in letters:
        text = one.as_bytes().replace(b"\nFrom ", b"\n>From ")
        parts.append(b"From ann@bank.example Fri May  3 10:22:00 2024\n" + text + b"\n")
    return b"".join(parts)
