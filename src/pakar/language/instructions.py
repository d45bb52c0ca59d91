"""Finds sentences that speak to a language model instead of to a reader.

Knows phrases ("ignore the above ...", "you are now ..."), not intentions: who words it otherwise is
not found, so nothing may rest on this alone. The lists lie in `data/`, one file a language.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from functools import lru_cache
from importlib.resources import files

from pakar.language.sentences import Span, sentence_spans

_LANGUAGES = ("en", "id")


def instruction_spans(text: str, language: str) -> list[Span]:
    """Where a text gives a model orders: each from the beginning of a sentence to its line's end.

    The rest of the line belongs to it, as orders take more than a sentence. Ordered and apart.
    """
    matches = sorted(_matches(text))
    if not matches:
        return []
    sentences = sentence_spans(text, language)
    spans: list[Span] = []
    for begin, stop in matches:
        at = bisect_right(sentences, (begin, len(text)))
        start = sentences[at - 1][0] if at else begin
        end = _line_end(text, stop)
        if spans and start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((start, end))
    return spans


def _matches(text: str) -> Iterator[Span]:
    lowered = text.lower()
    for words, pattern in _patterns():
        if any(word in lowered for word in words):
            yield from (match.span() for match in pattern.finditer(text))


def _line_end(text: str, position: int) -> int:
    found = text.find("\n", position)
    return len(text) if found < 0 else found


@lru_cache(maxsize=1)
def _patterns() -> tuple[tuple[tuple[str, ...], re.Pattern[str]], ...]:
    """Expressions, each with the words of which a text must hold one for it to be tried."""
    folder = files("pakar.language") / "data"
    found = []
    for code in _LANGUAGES:
        lines = (folder / f"instructions-{code}.txt").read_text(encoding="utf-8").splitlines()
        for line in lines:
            if line and not line.startswith("#"):
                words, expression = line.split("\t")
                # Without a bound, runs of white space would be tried again and again.
                bounded = expression.replace(" ", r"\s{1,8}")
                pattern = re.compile(bounded, re.IGNORECASE | re.MULTILINE)
                found.append((tuple(words.split(", ")), pattern))
    return tuple(found)
