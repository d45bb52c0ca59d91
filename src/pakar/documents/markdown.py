"""Reads Markdown: headings, paragraphs, lists, tables, code, front matter.

Knows CommonMark with pipe tables, and leaves HTML inside it to `web.py`. Emphasis and links are
reduced to their words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pakar.documents.builder import TextBuilder
from pakar.documents.decoding import decode, naming, read_bytes
from pakar.documents.table_grid import split_header
from pakar.documents.web import add_html
from pakar.ports import Extracted

if TYPE_CHECKING:
    from markdown_it.token import Token

_FRONT_MATTER = re.compile(
    r"\A---[ \t]*\r?\n(.*?\r?\n)?(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL
)
_TITLE = re.compile(r"^title[ \t]*:[ \t]*(.+?)[ \t]*$", re.MULTILINE | re.IGNORECASE)
_BREAK_TAG = re.compile(r"<br\s*/?>", re.IGNORECASE)
# Front matter longer than this is a text that begins with a rule.
_FRONT_MATTER_LENGTH = 10_000


class MarkdownReader:
    """Reads Markdown files (.md, .markdown)."""

    def read(self, path: Path) -> Extracted:
        """Raises SourceError where the file is no text."""
        builder = TextBuilder()
        with naming(path):
            add_markdown(builder, decode(read_bytes(path), path.name))
        return builder.extracted()


def add_markdown(builder: TextBuilder, text: str) -> None:
    """Adds the blocks of a Markdown text; its front matter is read for the title only."""
    from markdown_it import MarkdownIt

    title, content = _front_matter(text)
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    _Writer(builder).write(parser.parse(content))
    if title:
        builder.title = title


def _front_matter(text: str) -> tuple[str, str]:
    match = _FRONT_MATTER.match(text[:_FRONT_MATTER_LENGTH])
    if match is None or ":" not in (match.group(1) or ""):
        return "", text
    title = _TITLE.search(match.group(1))
    words = title.group(1).strip("\"'") if title is not None else ""
    return words, text[match.end() :]


class _Writer:
    """Turns the parser's flat list of tokens into blocks."""

    def __init__(self, builder: TextBuilder) -> None:
        self._builder = builder
        self._level = 0
        self._counters: list[int | None] = []
        self._bullets: list[str] = []
        self._rows: list[list[str]] = []
        self._header_rows = 0

    def write(self, tokens: Sequence[Token]) -> None:
        for token in tokens:
            if token.type == "inline":
                self._inline(token)
            elif token.type in ("fence", "code_block"):
                for line in token.content.splitlines():
                    self._builder.item(line, bullet="")
            elif token.type == "html_block":
                add_html(self._builder, token.content)
            elif token.type.endswith("_open"):
                self._open(token)
            else:
                self._close(token)

    def _open(self, token: Token) -> None:
        if token.type == "heading_open":
            self._level = int(token.tag[1:])
        elif token.type == "bullet_list_open":
            self._counters.append(None)
        elif token.type == "ordered_list_open":
            self._counters.append(int(token.attrGet("start") or 1))
        elif token.type == "list_item_open":
            self._bullets.append(self._next_bullet())
        elif token.type == "table_open":
            self._rows, self._header_rows = [], 0
        elif token.type == "tr_open":
            self._rows.append([])
        elif token.type in ("td_open", "th_open"):
            self._rows[-1].append("")

    def _close(self, token: Token) -> None:
        if token.type == "heading_close":
            self._level = 0
        elif token.type in ("bullet_list_close", "ordered_list_close"):
            self._counters.pop()
        elif token.type == "list_item_close":
            self._bullets.pop()
        elif token.type == "thead_close":
            self._header_rows = len(self._rows)
        elif token.type == "table_close":
            self._builder.table(*split_header(self._rows, marked=self._header_rows))
            self._rows = []

    def _next_bullet(self) -> str:
        number = self._counters[-1]
        if number is None:
            return "-"
        self._counters[-1] = number + 1
        return f"{number}."

    def _inline(self, token: Token) -> None:
        text = _words(token.children or [])
        if self._rows:
            self._rows[-1][-1] = text
        elif self._level:
            self._builder.heading(text, self._level)
        elif self._bullets:
            self._builder.item(text, bullet=self._bullets[-1])
            self._bullets[-1] = ""
        else:
            self._builder.paragraph(text)


def _words(tokens: Sequence[Token]) -> str:
    """The words of inline tokens; pictures say nothing."""
    parts: list[str] = []
    for token in tokens:
        if token.type in ("text", "code_inline", "text_special"):
            parts.append(token.content)
        elif token.type in ("softbreak", "hardbreak") or (
            token.type == "html_inline" and _BREAK_TAG.match(token.content)
        ):
            parts.append(" ")
    return "".join(parts)
