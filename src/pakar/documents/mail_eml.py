"""Takes a mail in the Internet's format apart: RFC 5322 and MIME, by the standard library.

Knows headers, bodies and attachments, and how real mails break the rules. What is done with them
others know. Runs nothing and fetches nothing.
"""

from __future__ import annotations

import codecs
import email
import email.header
import email.policy
import email.utils
import re
from datetime import datetime
from email.message import Message
from functools import lru_cache

from pakar.documents.decoding import decode
from pakar.documents.mail_message import Attachment, Mail
from pakar.errors import SourceError

MOST_PARTS = 500
_DEEPEST = 20
_SHORT = 1_000
_SPACES = re.compile(r"\s+")
_PGP = re.compile(r"^-----BEGIN PGP MESSAGE-----", re.MULTILINE)
_SEALED = ("application/pkcs7-mime", "application/x-pkcs7-mime")
_SIGNATURES = (
    "application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature",
    "application/pgp-encrypted",
)  # fmt: skip
_BODIES = ("text/plain", "text/html")


class _Remembering(email.policy.EmailPolicy):
    """The default policy; it does not parse a short header anew each time that it is asked for."""

    def header_fetch_parse(self, name: str, value: str) -> str:
        return _fetched(name, value) if len(value) <= _SHORT else _parsed(name, value)


def _parsed(name: str, value: str) -> str:
    parsed: str = email.policy.default.header_fetch_parse(name, value)
    return parsed


_fetched = lru_cache(maxsize=128)(_parsed)


_POLICY = _Remembering()


def parse(data: bytes) -> Mail:
    """The mail in these bytes. What is malformed is read as well as it can be."""
    message = email.message_from_bytes(_in_bytes(data), policy=_POLICY)
    collected = _Parts()
    collected.take(message, 0)
    return Mail(
        subject=header(message, "subject"),
        sender=header(message, "from"),
        to=header(message, "to"),
        cc=header(message, "cc"),
        date=readable_date(header(message, "date")),
        plain="\n\n".join(collected.plain),
        markup="\n".join(collected.markup),
        attachments=tuple(collected.attachments),
        unread=tuple(dict.fromkeys(collected.unread)),
    )


def _in_bytes(data: bytes) -> bytes:
    """A mail that was saved as UTF-16 text, as the bytes that it once was."""
    for mark, encoding in ((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")):
        if data.startswith(mark):
            return data.decode(encoding, "replace").encode()
    for zeros, encoding in ((data[1:400:2], "utf-16-le"), (data[0:400:2], "utf-16-be")):
        if zeros and not any(zeros):
            return data.decode(encoding, "replace").encode()
    return data


def header(message: Message, name: str) -> str:
    """A header decoded on one line; where it breaks the rules, as it can be read."""
    try:
        value = str(message.get(name) or "")
    except Exception:  # the library's parser raises many kinds of errors on malformed headers
        value = _raw_header(message, name)
    text = value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return _SPACES.sub(" ", text).strip()


def readable_date(value: str) -> str:
    """The date as 2024-05-03 10:22 +0700; as it stands where it is none."""
    try:
        date = email.utils.parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        try:
            date = datetime.fromisoformat(value)
        except ValueError:
            return value
    return date.strftime("%Y-%m-%d %H:%M %z").strip()


def _raw_header(message: Message, name: str) -> str:
    raw = next((str(value) for key, value in message.raw_items() if key.lower() == name), "")
    return decoded_words(raw)


def decoded_words(raw: str) -> str:
    """A header's value with its encoded words (RFC 2047) decoded, as far as they can be."""
    try:
        parts = email.header.decode_header(raw)
        return "".join(
            part.decode(charset or "ascii", "replace") if isinstance(part, bytes) else part
            for part, charset in parts
        )
    except Exception:  # as above
        return raw


class _Parts:
    """Walks through the parts of a mail and sorts them into text and attachments."""

    def __init__(self) -> None:
        self.plain: list[str] = []
        self.markup: list[str] = []
        self.attachments: list[Attachment] = []
        self.unread: list[str] = []
        self._count = 0

    def take(self, part: Message, depth: int) -> None:
        self._count += 1
        if self._count > MOST_PARTS or depth > _DEEPEST:
            self.unread.append(
                f"parts beyond {MOST_PARTS}, or nested deeper than {_DEEPEST}, were left out"
            )
            return
        kind = part.get_content_type()
        if kind == "multipart/encrypted":
            self.unread.append("the body is encrypted (PGP) and cannot be read")
        elif part.is_multipart() and part.get_content_maintype() == "multipart":
            self._multipart(part, kind, depth)
        elif kind in _SEALED:
            self._sealed(part)
        elif kind not in _SIGNATURES:
            self._single(part, kind)

    def _multipart(self, part: Message, kind: str, depth: int) -> None:
        inner = _inner(part)
        if kind == "multipart/signed":
            inner = inner[:1]
        for one in inner:
            self.take(one, depth + 1)

    def _sealed(self, part: Message) -> None:
        kind = str(part.get_param("smime-type", "") or "").lower()
        said = "signed in a form that hides it" if kind == "signed-data" else "encrypted"
        self.unread.append(f"the body is {said} (S/MIME) and cannot be read")

    def _single(self, part: Message, kind: str) -> None:
        name = _filename(part)
        disposition = str(part.get_content_disposition() or "")
        if kind in _BODIES and not name and disposition != "attachment":
            self._body(part, kind)
            return
        embedded = disposition != "attachment" and bool(part.get("content-id"))
        if kind == "message/rfc822" and not name:
            name = "".join(header(inner, "subject") for inner in _inner(part)[:1])
            name = f"{name.replace('/', ' ')}.eml" if name else ""
        data = _payload(part)
        if data:
            self.attachments.append(Attachment(name, kind, data, embedded))

    def _body(self, part: Message, kind: str) -> None:
        text = _text(part)
        if _PGP.search(text):
            self.unread.append("the body is encrypted (PGP) and cannot be read")
            return
        if text.strip():
            (self.plain if kind == "text/plain" else self.markup).append(text)


def _inner(part: Message) -> list[Message]:
    payload = part.get_payload()
    return [one for one in payload if isinstance(one, Message)] if isinstance(payload, list) else []


def _filename(part: Message) -> str:
    try:
        name = part.get_filename() or ""
    except Exception:  # malformed parameters
        name = ""
    return _SPACES.sub(" ", name.encode("utf-8", "replace").decode("utf-8")).strip()


def _payload(part: Message) -> bytes:
    """The bytes of a part; those of a mail within the mail are the mail itself."""
    if part.is_multipart():
        inner = _inner(part)
        return inner[0].as_bytes(policy=email.policy.compat32) if inner else b""
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _text(part: Message) -> str:
    charset = str(part.get_content_charset() or "")
    try:
        return decode(_payload(part), "the body", declared=charset)
    except (SourceError, LookupError, ValueError):
        return _payload(part).decode("utf-8", "replace")
