"""From tokens to text while they arrive: no broken characters, nothing after a stop string.

Knows neither a model nor a particular tokenizer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

_INCOMPLETE = "\ufffd"

Decode = Callable[[Sequence[int]], str]


class IncrementalDecoder:
    """Gives the text that each token adds, held back while a character is incomplete.

    Decodes a short window again at each token, because a token's text can depend on the one
    before it (a leading space, a character split over several tokens).
    """

    def __init__(self, decode: Decode) -> None:
        self._decode = decode
        self._window: list[int] = []
        self._given = 0

    def add(self, token: int) -> str:
        """The new text, possibly empty."""
        self._window.append(token)
        text = self._decode(self._window)
        if text.endswith(_INCOMPLETE):
            return ""
        return self._advance(text)

    def finish(self) -> str:
        """What was held back, without an incomplete character at its end."""
        return self._advance(self._decode(self._window).rstrip(_INCOMPLETE))

    def _advance(self, text: str) -> str:
        before = self._decode(self._window[: self._given])
        if len(text) <= len(before):
            return ""
        self._window = self._window[self._given :]
        # The tokens just given stay in the window as the context of the next ones.
        self._given = len(self._window)
        return text[len(before) :]


class StopStrings:
    """Ends a text before the first stop string, and never gives a part of one."""

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = tuple(stop for stop in stops if stop)
        self._held = ""
        self.stopped = False

    def add(self, piece: str) -> str:
        """What of the text so far can be given."""
        text = self._held + piece
        found = [position for stop in self._stops if (position := text.find(stop)) >= 0]
        if found:
            self.stopped = True
            self._held = ""
            return text[: min(found)]
        keep = self._overlap(text)
        self._held = text[len(text) - keep :]
        return text[: len(text) - keep]

    def finish(self) -> str:
        """What was held back, where no stop string came."""
        held, self._held = self._held, ""
        return held

    def _overlap(self, text: str) -> int:
        """The longest end of the text that begins a stop string."""
        longest = max((len(stop) for stop in self._stops), default=1) - 1
        for size in range(min(longest, len(text)), 0, -1):
            if any(stop.startswith(text[-size:]) for stop in self._stops):
                return size
        return 0
