"""Which labels a document has, by patterns of names.

A reader must hold every label of a document: whatever a further pattern adds makes the circle
smaller, never larger. What a document came out of (a long table, a mail, a mailbox) counts as well:
its parts have its labels. Knows names only.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from pakar.server.access.visitor import Visitor
from pakar.types import source_of

# What holds further documents, whose names lie below its own.
_CONTAINER = re.compile(r"\.(?:eml|msg|mbox|mbx)(?=/)", re.IGNORECASE)
_MOST_REMEMBERED = 100_000


class Labels:
    """The labels of documents by name. A name that no pattern fits has none: all may read it.

    In a pattern, `*` stands for anything within one folder, `**` for any folders, `?` for one
    character. A pattern without a slash fits file names in every folder. Letter case and the
    way in which accents are encoded make no difference.
    """

    def __init__(self, patterns: Mapping[str, Sequence[str]]) -> None:
        self._rules = [(_compiled(pattern), frozenset(of)) for pattern, of in patterns.items()]
        self._of = lru_cache(maxsize=_MOST_REMEMBERED)(self._find)

    def of(self, document: str) -> frozenset[str]:
        """All labels of all patterns that fit."""
        return self._of(document)

    def of_all(self, documents: Iterable[str]) -> frozenset[str]:
        """What one must hold to read all of these."""
        return frozenset().union(*(self.of(name) for name in documents))

    def may_read(self, visitor: Visitor, document: str) -> bool:
        return visitor.reads_everything or self.of(document) <= visitor.labels

    def may_read_all(self, visitor: Visitor, documents: Iterable[str]) -> bool:
        return all(self.may_read(visitor, name) for name in documents)

    def _find(self, document: str) -> frozenset[str]:
        names = [_folded(one) for one in _with_origins(document)]
        fitting = (of for pattern, of in self._rules if any(map(pattern.match, names)))
        return frozenset().union(*fitting)


def _with_origins(document: str) -> list[str]:
    """The name, and those of the sources that it is a part of or came in."""
    source = source_of(document)
    containers = [source[: found.end()] for found in _CONTAINER.finditer(source)]
    return [document, source, *containers]


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()


def _compiled(pattern: str) -> re.Pattern[str]:
    whole = _folded(pattern) if "/" in pattern else f"**/{_folded(pattern)}"
    parts = []
    for part in re.findall(r"\*\*/|\*\*|\*|\?|[^*?]+", whole):
        parts.append(_TRANSLATED.get(part) or re.escape(part))
    return re.compile(rf"{''.join(parts)}\Z", re.DOTALL)


_TRANSLATED = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
