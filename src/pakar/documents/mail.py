"""Reads a mail: who, when, what about, and what its sender wrote.

Knows how a mail becomes a document's text. Attachments are documents of their own
(`mail_parts.py`); here they are only named. Quotes and signatures go (`mail_quotes.py`).
"""

from __future__ import annotations

from pathlib import Path

from pakar.documents import mail_eml
from pakar.documents.builder import TextBuilder
from pakar.documents.decoding import naming, read_bytes
from pakar.documents.mail_message import Mail
from pakar.documents.mail_names import listed_names
from pakar.documents.mail_quotes import OwnText, own_text
from pakar.documents.plain import add_plain_text
from pakar.documents.web import add_html
from pakar.documents.web_quotes import without_quotes
from pakar.errors import SourceError
from pakar.ports import Extracted

_NO_MAIL = "save the mail anew from its program, as .eml"
_NO_SUBJECT = "(no subject)"


class EmlReader:
    """Reads single mails in the Internet's format (.eml)."""

    def read(self, path: Path) -> Extracted:
        """Raises SourceError where the file cannot be opened or is no mail."""
        with naming(path):
            return written(mail_eml.parse(read_bytes(path)))


class MsgReader:
    """Reads single mails that Outlook saved (.msg)."""

    def read(self, path: Path) -> Extracted:
        """Raises SourceError where the file is no mail, MissingExtraError without the library."""
        from pakar.documents import mail_msg

        with naming(path):
            return written(mail_msg.parse(path))


def written(mail: Mail) -> Extracted:
    """The mail as a document: subject, headers, body, names of the attachments.

    Raises SourceError where there is nothing of a mail.
    """
    if not any((mail.subject, mail.sender, mail.to, mail.plain, mail.markup, mail.attachments)):
        raise SourceError("is no mail: it has neither headers nor text", hint=_NO_MAIL)
    builder = TextBuilder()
    builder.heading(mail.subject or _NO_SUBJECT, 1)
    for name, value in (
        ("From", mail.sender), ("To", mail.to), ("Cc", mail.cc), ("Date", mail.date)
    ):  # fmt: skip
        if value:
            builder.item(f"{name}: {value}", bullet="")
    left_out = _body(builder, mail)
    if names := listed_names(mail.attachments):
        builder.paragraph(f"Attachments: {', '.join(names)}")
    return builder.extracted(warnings=[*left_out, *mail.unread])


def _body(builder: TextBuilder, mail: Mail) -> list[str]:
    """Adds what the sender wrote; returns a line on what was left out."""
    if mail.plain.strip():
        own = own_text(mail.plain, subject=mail.subject)
        add_plain_text(builder, own.text)
        return _left_out(own)
    if not mail.markup.strip():
        return []
    reduced = without_quotes(mail.markup, subject=mail.subject)
    before = TextBuilder()
    add_html(before, reduced.markup)
    text = before.extracted().text
    if not text:  # nothing but a quote: then it is what the sender wanted to send
        add_html(builder, mail.markup)
        return []
    add_html(builder, reduced.markup)
    return ["a quoted mail or a signature was left out"] if reduced.removed else []


def _left_out(own: OwnText) -> list[str]:
    said = []
    if own.quoted:
        said.append(f"{own.quoted} quoted line(s)")
    if own.signature:
        said.append(f"{own.signature} line(s) of signature")
    return [f"left out: {' and '.join(said)}"] if said else []
