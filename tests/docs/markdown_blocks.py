"""Reads the headings and the fenced code blocks of the documentation.

A block's info string is its language and, behind `no-run:` or `no-check:`, why it is left out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
README_ID = ROOT / "README.id.md"
PAGES = [README, README_ID, *sorted((ROOT / "docs").glob("*.md"))]

_FENCE = re.compile(r"^```([^\n`]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_HEADING = re.compile(r"^(#{1,6}) +(.+?)\s*$", re.MULTILINE)
_REASON = re.compile(r"\b(?:no-run|no-check):(.*)\Z")


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block; `line` is its first line in the page, counted from 1."""

    language: str
    info: str
    code: str
    line: int

    @property
    def reason(self) -> str | None:
        """Why it is not executed; None where it has to be."""
        found = _REASON.search(self.info)
        return found.group(1).strip() if found else None


def blocks(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    return [
        Block(
            match.group(1).split(" ")[0],
            match.group(1),
            match.group(2),
            text[: match.start()].count("\n") + 1,
        )
        for match in _FENCE.finditer(text)
    ]


def headings(page: Path) -> list[tuple[int, str]]:
    """Level and words of each heading; comments in code are none."""
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    return [(len(marks), words) for marks, words in _HEADING.findall(text)]


def sections(page: Path, level: int) -> dict[str, str]:
    """The text below each heading of this level, by the heading's words without backticks."""
    parts = re.split(rf"^{'#' * level} +(.+?)\s*$", page.read_text(encoding="utf-8"), flags=re.M)
    return dict(zip((name.replace("`", "") for name in parts[1::2]), parts[2::2], strict=True))
