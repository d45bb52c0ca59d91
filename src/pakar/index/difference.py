"""What changed in a document between two of its texts: sentences and passages.

Compares texts only. A sentence that moved did not change, and one that stands twice counts twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from pakar.language.sentences import sentence_spans
from pakar.types import Document

ChangeKind = Literal["added", "changed", "removed"]


@dataclass(frozen=True, slots=True)
class Change:
    """One document that differs. Sentences are verbatim, in the order of their document.

    `passages_gone` and `passages_new` count passages by their text. `note` says why something is
    not known, "" where all is.
    """

    document: str
    kind: ChangeKind
    gone: tuple[str, ...] = ()
    new: tuple[str, ...] = ()
    passages_gone: int = 0
    passages_new: int = 0
    note: str = ""


def sentences(document: Document | None) -> list[str]:
    """All sentences of a document, white space evened out; none without a document."""
    if document is None:
        return []
    spans = sentence_spans(document.text, document.language)
    return [" ".join(document.text[start:end].split()) for start, end in spans]


def only_in(first: Iterable[str], second: Iterable[str]) -> tuple[str, ...]:
    """What the first has more often than the second, in the first's order."""
    left = Counter(second)
    found = []
    for one in first:
        if left[one]:
            left[one] -= 1
        else:
            found.append(one)
    return tuple(found)
