"""Bytes to text, for files that do not say reliably how they are encoded.

Knows byte order marks, UTF-8, UTF-16 without a mark, and guesses the rest by charset-normalizer.
Knows nothing of formats.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from pakar.errors import SourceError

# The longer marks first: the mark of UTF-32 begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Bytes that are enough to guess an encoding; guessing takes time in proportion.
_SAMPLE = 64_000
_BLOCK = 1 << 20
_FOREIGN = re.compile(rb"[\x80-\xff]")


def read_bytes(path: Path) -> bytes:
    """The file's bytes. Raises SourceError where it cannot be opened."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise SourceError(
            f"{path.name}: cannot be opened: {error.strerror or error}",
            hint="Check that the file exists and that you may read it.",
        ) from error


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Puts the file's name before the message of a SourceError raised inside."""
    try:
        yield
    except SourceError as error:
        if str(error).startswith(f"{path.name}: "):
            raise
        raise SourceError(f"{path.name}: {error}", hint=error.hint) from error


def decode(data: bytes, name: str, *, declared: str = "") -> str:
    """The text in `data`. `declared` is the encoding that the file itself names, if any.

    Raises SourceError where the bytes are no text; `name` is for the message.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _checked(data[len(mark) :].decode(encoding, errors="replace"), name)
    for encoding in (_utf16_without_mark(data), "utf-8", declared, _guess(data)):
        text = _strictly(data, encoding)
        if text is not None:
            return _checked(text, name)
    raise SourceError(f"{name}: is not text in any known encoding", hint=_SAVE_AGAIN)


def encoding_of(path: Path) -> str:
    """The encoding of a text file of any size, read in blocks; for `open`.

    Raises SourceError where the file cannot be opened or holds no text.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_SAMPLE)
            for mark, encoding in _MARKS:
                if head.startswith(mark):
                    return {"utf-8": "utf-8-sig"}.get(encoding, encoding[:6])
            if wide := _utf16_without_mark(head):
                return wide
            _checked(head.decode("latin-1"), path.name)
            file.seek(0)
            foreign = _first_not_utf8(file)
    except OSError as error:
        raise SourceError(
            f"{path.name}: cannot be opened: {error.strerror or error}",
            hint="Check that the file exists and that you may read it.",
        ) from error
    if not foreign:
        return "utf-8"
    # Only the lines that tell: in much plain ASCII, a guess is lost.
    telling = b"\n".join(line for line in foreign.split(b"\n") if _FOREIGN.search(line))
    if guessed := _guess(telling):
        return guessed
    raise SourceError(f"{path.name}: is not text in any known encoding", hint=_SAVE_AGAIN)


def _first_not_utf8(file: BinaryIO) -> bytes:
    """Some lines around the first bytes that are not UTF-8; empty where all are."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    before = b""
    while block := file.read(_BLOCK):
        try:
            decoder.decode(block)
        except UnicodeDecodeError as error:
            start = max(0, len(before) + error.start - _SAMPLE // 4)
            return (before + block + file.read(_SAMPLE))[start : start + _SAMPLE]
        before = block[-8:]
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return before
    return b""


_SAVE_AGAIN = "If it is text, save it again as UTF-8; otherwise leave it out."


def _strictly(data: bytes, encoding: str) -> str | None:
    if not encoding:
        return None
    try:
        return data.decode(encoding)
    except (UnicodeDecodeError, LookupError, ValueError):
        return None


def _utf16_without_mark(data: bytes) -> str:
    """UTF-16 where every other byte of the beginning is mostly zero, as in Latin text."""
    head = data[:2_000]
    if len(head) < 4:
        return ""
    half = len(head) // 2
    zeros_first = head[0::2].count(0) / half
    zeros_second = head[1::2].count(0) / half
    if zeros_second > 0.6 and zeros_first < 0.1:
        return "utf-16-le"
    if zeros_first > 0.6 and zeros_second < 0.1:
        return "utf-16-be"
    return ""


def _guess(data: bytes) -> str:
    if b"\x00" in data[:_SAMPLE]:
        return ""
    from charset_normalizer import from_bytes

    # The sample ends at a line's end, lest it cut a character in two.
    sample = data[:_SAMPLE]
    best = from_bytes(sample[: sample.rfind(b"\n") + 1] or sample).best()
    return best.encoding if best is not None else ""


def _checked(text: str, name: str) -> str:
    """Refuses binary data that happens to decode."""
    head = text[:_SAMPLE]
    if head.count("\x00") > len(head) // 1_000:
        raise SourceError(f"{name}: is binary data, not text", hint=_SAVE_AGAIN)
    return text.replace("\x00", "")
