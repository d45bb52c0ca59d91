"""Reads plain text: paragraphs, lists, underlined headings.

Knows how people lay text out with spaces and line breaks only. Knows no mark-up.
"""

from __future__ import annotations

import re
from pathlib import Path

from pakar.documents.builder import TextBuilder
from pakar.documents.decoding import decode, read_bytes
from pakar.ports import Extracted

_UNDERLINE = re.compile(r"\s*(={3,}|-{3,})\s*\Z")
_ITEM = re.compile(r"\s*([-*•·–]|\(?(?:\d{1,3}|[a-zA-Z])[.)])\s+(?=\S)(.*)\Z")
_RULE = re.compile(r"[\W_]+\Z")
_HEADING_LENGTH = 100
# Lines shorter than this are not taken for the lines of wrapped prose (addresses, verses).
_LEAST_WRAP = 45
_MOST_WRAP = 140
# A writer leaves a line up to this many characters before its end for hyphenation or by taste.
_RAGGED = 6


class TextReader:
    """Reads .txt files of any encoding."""

    def read(self, path: Path) -> Extracted:
        """Raises SourceError where the file is no text."""
        builder = TextBuilder()
        add_plain_text(builder, decode(read_bytes(path), path.name))
        return builder.extracted()


def add_plain_text(builder: TextBuilder, text: str) -> None:
    """Adds the blocks of a plain text: paragraphs are separated by empty lines."""
    block: list[str] = []
    for line in text.splitlines():
        if line.strip():
            block.append(line)
        elif block:
            _add_block(builder, block)
            block = []
    if block:
        _add_block(builder, block)


def _add_block(builder: TextBuilder, lines: list[str]) -> None:
    """A block's headings first, then what stands between them."""
    start = 0
    for position in range(1, len(lines)):
        underline = _UNDERLINE.match(lines[position])
        title = lines[position - 1].strip()
        if underline is None or position <= start or len(title) > _HEADING_LENGTH:
            continue
        _add_lines(builder, lines[start : position - 1])
        builder.heading(title, 1 if underline.group(1)[0] == "=" else 2)
        start = position + 1
    _add_lines(builder, lines[start:])


def _add_lines(builder: TextBuilder, lines: list[str]) -> None:
    lines = [line for line in lines if not _RULE.match(line)]
    joined = _unwrapped(lines)
    for line in joined:
        item = _ITEM.match(line)
        if item is not None:
            builder.item(item.group(2), bullet=item.group(1))
        elif len(joined) == 1:
            builder.paragraph(line)
        else:
            builder.item(line, bullet="")


def _unwrapped(lines: list[str]) -> list[str]:
    """Lines with those joined that only a fixed line width had separated."""
    width = max((len(line.rstrip()) for line in lines), default=0)
    joined: list[list[str]] = []
    for position, line in enumerate(lines):
        if position and _is_wrapped(lines[position - 1], line, width):
            joined[-1].append(line)
        else:
            joined.append([line])
    return [" ".join(parts) for parts in joined]


def _is_wrapped(line: str, following: str, width: int) -> bool:
    """Whether `following` goes on with `line`: its first word would not have fitted there."""
    if _ITEM.match(following):
        return False
    if _ITEM.match(line) and following[:1].isspace():
        return True
    if not _LEAST_WRAP <= width <= _MOST_WRAP:
        return False
    first_word = following.split(maxsplit=1)[0]
    return len(line.rstrip()) + 1 + len(first_word) + _RAGGED > width
