"""Sentences as exact spans of a text.

Knows where a sentence ends in running text, in list items and in table rows. Knows nothing of
documents, passages or scores. The first guess is made by the `sentencex` library; what is known
to go wrong there (abbreviations before a figure, the number of a list item) is repaired here.
"""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.resources import files

import sentencex

# Everything that str.splitlines takes as the end of a line.
_LINE = re.compile(r"[^\n\r\v\f\x1c-\x1e\x85\u2028\u2029]+")
_LONE_SURROGATE = re.compile(r"[\ud800-\udfff]")
# sentencex takes quadratic time on unclosed quotation marks, so it never sees more than this.
_WINDOW = 2_000
# A table row up to this length is one sentence: its cells mean little without each other.
_ROW_LENGTH = 400
_ROW_BORDER = " | "
# Characters beside a cut that decide whether it stands.
_AHEAD = 40

_MARKER = re.compile(r"(?:[-*•·–—]|\(?(?:\d{1,3}(?:\.\d{1,3})*|[A-Za-z]|[ivxIVX]{1,5})[.)])\Z")
# The same before an item's words. sentencex finds no ends in a line that begins with "(a) ".
_ITEM = re.compile(
    r"\s*(?:[-*•·–—]\s+)?(?:\(?(?:\d{1,3}(?:\.\d{1,3})*|[A-Za-z]|[ivxIVX]{1,5})[.)]\s+)?"
)
_LAST_WORD = re.compile(r"(?:\A|[\s(\[\"'“‘])([^\W\d_]+(?:\.[^\W\d_]+)*)\.\Z")
_DOTTED = re.compile(r"[^\W\d_]{1,2}(?:\.[^\W\d_]{1,2})+\Z")
_HAS_WORD = re.compile(r"\w")

Span = tuple[int, int]


def sentence_spans(text: str, language: str) -> list[Span]:
    """The sentences of a text as (start, end), ordered, trimmed, apart and never empty.

    Every character that is not white space lies in exactly one span. A line break always ends a
    sentence; a table row of ordinary length is one. `language` is an ISO 639-1 code; for others
    the rules of English apply. A run of 2,000 characters without a sentence's end is cut at white
    space (or hard, where it has none), which keeps the time linear.
    """
    spans: list[Span] = []
    for match in _LINE.finditer(text):
        line = match.group()
        offset = match.start()
        for start, end in _line_spans(line, language):
            trimmed = _trim(line, start, end)
            if trimmed is not None:
                spans.append((trimmed[0] + offset, trimmed[1] + offset))
    return spans


def _line_spans(line: str, language: str) -> list[Span]:
    if len(line) <= _ROW_LENGTH and _ROW_BORDER in line:
        return [(0, len(line))]
    item = _ITEM.match(line)
    first = item.end() if item is not None else 0
    readable = _LONE_SURROGATE.sub("\ufffd", line[first:])
    starts = [0]
    for cut in (first + inner for inner in _cuts(readable, language)):
        if not _goes_across(line[starts[-1] : cut], line[cut : cut + _AHEAD], language):
            starts.append(cut)
    return list(zip(starts, [*starts[1:], len(line)], strict=True))


def _cuts(line: str, language: str) -> list[int]:
    """Offsets inside the line at which sentencex begins a new sentence, window by window."""
    found: list[int] = []
    start = 0
    while start < len(line):
        window = line[start : start + _WINDOW]
        inner = [start + cut for cut in _window_cuts(window, language)]
        if start + len(window) == len(line):
            return found + inner
        # The last sentence of a window may go on: it is read again with the next window.
        start = inner[-1] if inner else start + _last_space(window)
        found += inner or [start]
    return found


def _window_cuts(window: str, language: str) -> list[int]:
    cuts: list[int] = []
    position = 0
    for segment in sentencex.segment(language, window):
        at = window.find(segment, position)
        if at < 0:
            continue
        position = at + len(segment)
        if position < len(window):
            cuts.append(position)
    return cuts


def _last_space(window: str) -> int:
    for position in range(len(window) - 1, len(window) // 2, -1):
        if window[position].isspace():
            return position
    return len(window)


def _goes_across(before: str, after: str, language: str) -> bool:
    """Whether a sentence goes on across the cut between `before` and `after`."""
    left, right = before.strip(), after.strip()
    if not left or not _HAS_WORD.search(right) or _MARKER.match(left):
        return True
    word = _LAST_WORD.search(left[-_AHEAD:])
    return word is not None and _goes_on(word.group(1), right[0], language)


def _goes_on(word: str, following: str, language: str) -> bool:
    """Whether a sentence goes on after `word` and a full stop, before the given character."""
    name = word.casefold()
    if name in _abbreviations(language, "titles"):
        return True
    if not (following.isdigit() or following.islower()):
        return False
    return name in _abbreviations(language, "abbreviations") or _DOTTED.match(word) is not None


@lru_cache(maxsize=64)
def _abbreviations(language: str, kind: str) -> frozenset[str]:
    """Shared ones and the language's own. `titles` also stand before a capital letter."""
    words: set[str] = set()
    for name in ("all", language):
        source = files("pakar.language") / "data" / f"{kind}-{name}.txt"
        if name.isalpha() and source.is_file():
            words.update(source.read_text(encoding="utf-8").split())
    return frozenset(words)


def _trim(text: str, start: int, end: int) -> Span | None:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return (start, end) if start < end else None
