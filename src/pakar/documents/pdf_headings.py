"""Which lines are headings, told from size and weight against the running text.

Knows lines and their fonts only. Levels follow the order of the fonts: the largest is level 1.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from pakar.documents.pdf_page import Line

_LARGER = 1.1
_MOST_LEVELS = 6
_LONGEST = 200
# The dotted line of a table of contents, from the heading's words to its page.
_LEADERS = "....."
_LARGEST_SHARE = 0.3
_SAME_SIZE = 0.75
_ENDS_OF_TEXT = (".", ",", ";", ":", "!")

Style = tuple[float, bool]


class HeadingStyles:
    """The heading fonts of one document."""

    def __init__(self, lines: Iterable[Line]) -> None:
        weights: Counter[Style] = Counter()
        for line in lines:
            weights[line.size, line.bold] += len(line.text)
        sizes: Counter[float] = Counter()
        for (size, _), count in weights.items():
            sizes[size] += count
        self.body = max(sizes, key=lambda size: (sizes[size], -size)) if sizes else 0.0
        self._total = max(1, weights.total())
        self._levels = self._ranked(weights)

    def level(self, lines: Sequence[Line]) -> int:
        """The heading level of a block of lines in one font, or 0 where it is running text."""
        text = " ".join(line.text for line in lines)
        if len(text) > _LONGEST or _LEADERS in text or not any(map(str.isalpha, text)):
            return 0
        style = (lines[0].size, all(line.bold for line in lines))
        level = self._levels.get(style, 0)
        if level and style[0] < _LARGER * self.body and text.endswith(_ENDS_OF_TEXT):
            return 0
        return level

    def may_be_heading(self, line: Line) -> bool:
        """The line's font is one of the heading fonts."""
        return (line.size, line.bold) in self._levels

    def same_font(self, first: Line, other: Line) -> bool:
        """Both lines could stand in one heading."""
        return first.bold == other.bold and abs(first.size - other.size) < _SAME_SIZE

    def _ranked(self, weights: Counter[Style]) -> dict[Style, int]:
        found = [style for style in weights if self._stands_out(style, weights)]
        found.sort(key=lambda style: (-style[0], not style[1]))
        levels: dict[Style, int] = {}
        level, before = 0, None
        for style in found:
            if before is None or before[1] != style[1] or before[0] - style[0] >= _SAME_SIZE:
                level += 1
            levels[style] = min(level, _MOST_LEVELS)
            before = style
        return levels

    def _stands_out(self, style: Style, weights: Counter[Style]) -> bool:
        size, bold = style
        if weights[style] > _LARGEST_SHARE * self._total:
            return False
        return size >= _LARGER * self.body or (bold and size >= self.body - 0.25)
