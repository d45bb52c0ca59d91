"""Names of mails and attachments as documents: readable, safe and all different.

Knows that a name in a mail is a stranger's: it may hold a path, control characters or nothing.
"""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath
from typing import Protocol, TypeVar

from pakar.documents.mail_message import Attachment

_LONGEST = 80
_LONGEST_ENDING = 10
# Separators of paths, what file systems forbid, controls, and signs that turn text around.
_UNSAFE = re.compile(r'[\x00-\x1f\x7f-\x9f/\\:*?"<>|\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]')
_SPACES = re.compile(r"\s+")
_UNNAMED = "attachment"


def safe_name(name: str, *, default: str) -> str:
    """One part of a path: without separators, controls or dots in front, and not too long."""
    plain = name.encode("utf-8", "replace").decode("utf-8").replace("\\", "/")
    last = plain.rstrip("/").rpartition("/")[2]
    return _shortened(_cleaned(last)) or default


def title_name(words: str, *, default: str) -> str:
    """The same for words that are no file's name, such as a subject: a slash is no separator."""
    return (
        _SPACES.sub(" ", _UNSAFE.sub(" ", words)).strip().strip(".").strip()[:_LONGEST] or default
    )


def _cleaned(words: str) -> str:
    return _SPACES.sub(" ", _UNSAFE.sub(" ", words)).strip(" .")


class Attached(Protocol):
    """An attachment, wherever its bytes are."""

    @property
    def name(self) -> str: ...

    @property
    def media_type(self) -> str: ...


AttachedT = TypeVar("AttachedT", bound=Attached)


def attachment_name(attachment: Attached) -> str:
    """The attachment's own name, or one for its kind."""
    ending = mimetypes.guess_extension(attachment.media_type) or ""
    return safe_name(attachment.name, default=f"{_UNNAMED}{ending}")


class Names:
    """Gives out each name once: the second of the same name becomes `name (2).pdf`."""

    def __init__(self) -> None:
        self._given: set[str] = set()
        self._next: dict[str, int] = {}

    def unique(self, name: str, *, is_file: bool) -> str:
        """Different from all before, letter case aside: other file systems ignore it."""
        ending = PurePosixPath(name).suffix if is_file else ""
        stem = name[: len(name) - len(ending)]
        given, key = name, name.casefold()
        while given.casefold() in self._given:
            number = self._next.get(key, 2)
            self._next[key] = number + 1
            given = f"{stem} ({number}){ending}"
        self._given.add(given.casefold())
        return given


def listed_names(attachments: Sequence[Attachment]) -> list[str]:
    """The names as the documents have them, without what the mail's own text shows."""
    return [name for name, one in named(attachments) if not one.embedded]


def named(attachments: Iterable[AttachedT]) -> list[tuple[str, AttachedT]]:
    """Each attachment with its document's name, in order."""
    names = Names()
    return [(names.unique(attachment_name(one), is_file=True), one) for one in attachments]


def _shortened(name: str) -> str:
    """Not too long, with its ending."""
    if len(name) <= _LONGEST:
        return name
    ending = PurePosixPath(name).suffix
    ending = ending if len(ending) <= _LONGEST_ENDING else ""
    return name[: _LONGEST - len(ending)].rstrip() + ending
