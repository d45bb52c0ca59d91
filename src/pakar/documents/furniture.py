"""Headers, footers and page numbers: what repeats at the edges of pages.

Knows pages as lists of edge lines from the outside in; nothing of PDF. Text that stands on one
page only is never taken away. Page numbers differ from page to page, so they count as repeated
where the one number in the line goes up by one with every page.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

_DEPTH = 4
_SAME_PLACE = 8.0
_FEWEST_PAGES = 3
_NUMBER = re.compile(r"\d+")
_LETTERS = re.compile(r"[^\W\d_]+")
_PAGE_WORDS = {"page", "pages", "hal", "halaman", "seite", "p", "pg", "of", "dari", "von", "de"}
_PAGE_NAMES = {"page", "hal", "halaman", "seite", "pg"}
# A number at the line's beginning or end, behind a stroke or a dot.
_SET_APART = re.compile(r"^\s*\d+\s*[|·•–—]|[|·•–—]\s*\d+\s*$")


@dataclass(frozen=True, slots=True)
class EdgeLine:
    """A line with its distance from the page's edge, in points.

    `large` says that it is set larger than the running text, as numbered titles are.
    """

    text: str
    distance: float
    large: bool = False


def repeated(pages: Sequence[Sequence[EdgeLine]]) -> list[int]:
    """How many lines of each page, counted from the edge inwards, are headers or footers.

    `pages` holds each page's lines from one edge inwards. A line is furniture where its like
    stands at the same distance from the edge on other pages: on every page of a document of
    two, on three pages or more otherwise; page numbers need two pages.
    """
    counts = [0] * len(pages)
    for depth in range(_DEPTH):
        open_pages = [
            page for page, count in enumerate(counts) if count == depth < len(pages[page])
        ]
        lines = {page: pages[page][depth] for page in open_pages}
        for page in _furniture(lines, len(pages)):
            counts[page] += 1
    return counts


def _furniture(lines: dict[int, EdgeLine], pages: int) -> set[int]:
    """The pages whose line here repeats."""
    found: set[int] = set()
    for group in _alike(lines).values():
        needed = min(_FEWEST_PAGES, pages)
        if not _is_same_text(group, lines):
            group = [page for page in _counting_up(group, lines) if _has_page_number(lines[page])]
            needed = 2 if _only_numbers(group, lines) else needed
        if len(group) >= max(2, needed):
            found.update(group)
    return found


def _alike(lines: dict[int, EdgeLine]) -> dict[tuple[str, int], list[int]]:
    """Pages by their line's words, numbers left open, and its place."""
    groups: dict[tuple[str, int], list[int]] = defaultdict(list)
    places: dict[str, list[float]] = defaultdict(list)
    for page, line in lines.items():
        words = _words(line.text)
        near = [i for i, place in enumerate(places[words])
                if abs(place - line.distance) <= _SAME_PLACE]  # fmt: skip
        if not near:
            places[words].append(line.distance)
            near = [len(places[words]) - 1]
        groups[words, near[0]].append(page)
    return groups


def _words(text: str) -> str:
    return " ".join(_NUMBER.sub("#", text).casefold().split())


def _is_same_text(group: Sequence[int], lines: dict[int, EdgeLine]) -> bool:
    return len({" ".join(lines[page].text.casefold().split()) for page in group}) == 1


def _counting_up(group: Sequence[int], lines: dict[int, EdgeLine]) -> list[int]:
    """The pages on which one of the numbers runs with the pages."""
    numbers = {page: [int(n[-9:]) for n in _NUMBER.findall(lines[page].text)] for page in group}
    width = min(3, *(len(found) for found in numbers.values()))
    best: list[int] = []
    for position in range(width):
        by_offset: dict[int, list[int]] = defaultdict(list)
        for page in (page for page in group if not lines[page].large):
            by_offset[numbers[page][position] - page].append(page)
        best = max([best, *by_offset.values()], key=len)
    return best


def _has_page_number(line: EdgeLine) -> bool:
    """A bare number, a number set apart, or "page 3": not "Question 3", which is text."""
    words = _LETTERS.findall(line.text.casefold())
    return not words or not _PAGE_NAMES.isdisjoint(words) or bool(_SET_APART.search(line.text))


def _only_numbers(group: Sequence[int], lines: dict[int, EdgeLine]) -> bool:
    words = {word for page in group for word in _LETTERS.findall(lines[page].text.casefold())}
    return words <= _PAGE_WORDS
