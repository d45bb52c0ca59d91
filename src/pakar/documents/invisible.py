"""Text that a file holds and its reader does not see: kept out of answers, and told.

Somebody who hides words in a document writes for a program, not for people. The readers find such
words, each in its format; this collects them for one line of warning. Knows no format.
"""

from __future__ import annotations

import re

_SHOWN = 60
_MOST_PAGES = 5
_WORD = re.compile(r"\w+")


class InvisibleText:
    """What was hidden in one file. With `keep` it stays in the text, and is told all the same."""

    def __init__(self, *, keep: bool = False) -> None:
        self.keep = keep
        self._words = 0
        self._ways: dict[str, None] = {}
        self._pages: dict[int, None] = {}
        self._beginning = ""

    def add(self, text: str, way: str, page: int = 0) -> None:
        """`way` says how it is hidden, in a few words; `page` is 0 where there are none."""
        words = len(_WORD.findall(text))
        if not words:
            return
        self._words += words
        self._ways[way] = None
        if page:
            self._pages[page] = None
        if len(self._beginning) < _SHOWN:
            self._beginning = " ".join(f"{self._beginning} {text}".split())[: _SHOWN + 1]

    @property
    def is_empty(self) -> bool:
        return not self._words

    def warnings(self, *, at_least: int = 1) -> list[str]:
        """One line, or none where fewer than `at_least` words were hidden."""
        if self._words < at_least or self.is_empty:
            return []
        count = "1 word" if self._words == 1 else f"{self._words:,} words"
        done = "kept" if self.keep else "left out"
        where = f" on page(s) {self._listed()}" if self._pages else ""
        beginning = self._beginning
        shown = beginning if len(beginning) <= _SHOWN else f"{beginning[:_SHOWN]}…"
        return [f"{done} {count} that nobody sees{where} ({', '.join(self._ways)}): “{shown}”"]

    def _listed(self) -> str:
        pages = sorted(self._pages)
        shown = ", ".join(map(str, pages[:_MOST_PAGES]))
        more = len(pages) - _MOST_PAGES
        return f"{shown} and {more} more" if more > 0 else shown
