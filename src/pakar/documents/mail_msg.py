"""Takes a mail that Outlook saved (.msg) apart, by python-oxmsg (MIT).

https://github.com/scanny/python-oxmsg. Knows its properties; what is done with them others know.
A mail attached to such a mail is only named: the library does not open it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from pakar.backends.extras import require
from pakar.documents.mail_eml import MOST_PARTS, decoded_words
from pakar.documents.mail_message import Attachment, Mail
from pakar.errors import SourceError

if TYPE_CHECKING:
    from oxmsg import Message

_SPACES = re.compile(r"\s+")
_RTF = 0x1009
_CONTENT_ID = 0x3712
_SAVE_AS = "open it in Outlook and save it as .eml or PDF"


def parse(path: Path) -> Mail:
    """Raises SourceError where the file is no mail, MissingExtraError without the library."""
    require("oxmsg", extra="mail")
    from oxmsg import Message

    try:
        message = Message.load(path.read_bytes())
        return _mail(message)
    except (SourceError, MemoryError):
        raise
    except Exception as error:  # the library checks little: damage shows as any error
        raise SourceError(
            f"is no mail that can be read ({type(error).__name__})", hint=_SAVE_AS
        ) from error


def _mail(message: Message) -> Mail:
    kind = message.message_class
    unread = []
    if "smime" in kind.lower() and "multipartsigned" not in kind.lower():
        unread.append("the body is encrypted (S/MIME) and cannot be read")
    plain, markup = message.body or "", _markup(message)
    if not plain and not markup and message.properties.binary_prop_value(_RTF):
        unread.append("the body is rich text (RTF) and cannot be read")
    attachments, skipped = _attachments(message)
    date = message.sent_date
    headers = {name.lower(): value for name, value in message.message_headers.items()}
    return Mail(
        subject=_line(message.subject),
        sender=_line(decoded_words(message.sender or "")),
        to=_line(decoded_words(headers.get("to") or "") or _recipients(message)),
        cc=_line(decoded_words(headers.get("cc", ""))),
        date=date.strftime("%Y-%m-%d %H:%M %z") if date else _line(headers.get("date", "")),
        plain=plain,
        markup=markup,
        attachments=attachments,
        unread=(*unread, *skipped),
    )


def _markup(message: Message) -> str:
    try:
        return message.html_body or ""
    except (UnicodeDecodeError, LookupError):
        from oxmsg.domain import constants

        data = message.properties.binary_prop_value(constants.PID_HTML) or b""
        return data.decode("utf-8", "replace")


def _recipients(message: Message) -> str:
    people = [
        f"{one.name} <{one.email_address}>" if one.email_address not in ("", one.name) else one.name
        for one in message.recipients
    ]
    return ", ".join(people)


def _attachments(message: Message) -> tuple[tuple[Attachment, ...], list[str]]:
    found: list[Attachment] = []
    unread: list[str] = []
    for number, one in enumerate(message.attachments):
        if number >= MOST_PARTS:
            unread.append(f"attachments beyond {MOST_PARTS} were left out")
            break
        name = _line(one.file_name or "")
        data = one.file_bytes
        if data is None:
            unread.append(f"attachment {name or number + 1}: is no file and was not read")
            continue
        kind = one.mime_type or "application/octet-stream"
        embedded = bool(one.properties.str_prop_value(_CONTENT_ID)) and kind.startswith("image/")
        found.append(Attachment(name, kind, data, embedded))
    return tuple(found), unread


def _line(text: str) -> str:
    return _SPACES.sub(" ", text.replace("\x00", "")).strip()
