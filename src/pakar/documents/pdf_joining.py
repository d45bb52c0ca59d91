"""Joins the lines of a text block, and mends words that were parted at the end of a line.

A hyphen at the end of a line either belongs to the word ("long-term") or only marks the break
("ser-vices"). The document's own words decide: the spelling that occurs elsewhere in it wins.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_PARTED = re.compile(r"[^\W\d_]+-$")
_UNSPACED = re.compile(r"[\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef\u0e00-\u0e7f]")


class Vocabulary:
    """The words of a document that stand whole within a line."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._counts: Counter[str] = Counter()
        for line in lines:
            whole = line[:-1] if line.endswith("-") else line
            self._counts.update(word.casefold() for word in _WORD.findall(whole))

    def prefers_hyphen(self, left: str, right: str) -> bool:
        """`left-right` occurs more often than `leftright`."""
        hyphenated = self._counts[f"{left}-{right}".casefold()]
        return hyphenated > self._counts[f"{left}{right}".casefold()]


def join_lines(lines: Sequence[str], vocabulary: Vocabulary) -> str:
    """One running text."""
    text = ""
    for line in lines:
        text = _joined(text, line, vocabulary) if text and line else text or line
    return text


def _joined(text: str, line: str, vocabulary: Vocabulary) -> str:
    if _UNSPACED.match(text[-1]) and _UNSPACED.match(line[0]):
        return text + line
    if not text.endswith("-") or text[-2:-1].isspace() or len(text) < 2:
        return f"{text} {line}"
    found = _WORD.match(line)
    if not _PARTED.search(text) or found is None or line[0].isupper():
        # Between digits and before capitals the hyphen is part of the word.
        return text + line
    left = _WORD.findall(text[:-1])[-1]
    keeps = vocabulary.prefers_hyphen(left, found.group())
    return text + line if keeps else text[:-1] + line
