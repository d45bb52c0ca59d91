"""Stops a model that has begun to repeat itself.

Small models fall into loops: the same sentence again and again until the tokens are used up.
Knows the text as it is written, piece by piece. What might be the beginning of a repetition is
held back until it turns out to be something else.
"""

from __future__ import annotations

import re

_MARKER = re.compile(r"\s*(?:[-*•]|\(?\d{1,3}(?:[.)]|$))?\s*(?:\[\d*(?:\]|$))?\s*")
_ENDS = ".!?。！？"
_LEAST_WORDS = 3
_LONGEST_LOOP = 6
_ROUNDS = 4


class RepetitionGuard:
    """Feed it the pieces; `stopped` is true once a sentence or a run of words has come again."""

    def __init__(self) -> None:
        self.stopped = False
        self._said: set[str] = set()
        self._sentence = ""
        self._held = ""

    def add(self, piece: str) -> str:
        """What of the text so far may be shown now; nothing more once it has stopped."""
        shown = "".join(self._character(one) for one in piece if not self.stopped)
        self.stopped = self.stopped or self._loops()
        return shown

    def finish(self) -> str:
        """What was held back and is no repetition."""
        repeated = self.stopped or _plain(self._sentence) in self._said
        self.stopped = self.stopped or (repeated and bool(self._held.strip()))
        return "" if repeated else self._held

    def _character(self, one: str) -> str:
        ended = one == "\n" or (one.isspace() and self._sentence.rstrip()[-1:] in _ENDS)
        self._held += one
        if not ended or not _plain(self._sentence):
            self._sentence += one
            plain = _plain(self._sentence)
            waiting = not plain or any(said.startswith(plain) for said in self._said)
            return "" if waiting else self._release()
        plain = _plain(self._sentence)
        if plain in self._said:
            self.stopped = True
            return ""
        if len(plain.split()) >= _LEAST_WORDS:
            self._said.add(plain)
        self._sentence = ""
        return self._release()

    def _release(self) -> str:
        shown, self._held = self._held, ""
        return shown

    def _loops(self) -> bool:
        """Whether the same few words have just come four times in a row."""
        words = self._sentence.split()
        for length in range(1, _LONGEST_LOOP + 1):
            last = words[-length:]
            rounds = [
                words[-length * n : len(words) - length * (n - 1)] for n in range(1, _ROUNDS + 1)
            ]
            if len(words) >= length * _ROUNDS and all(one == last for one in rounds):
                return True
        return False


def _plain(sentence: str) -> str:
    """Without a list's marker, letter case and spacing."""
    marker = _MARKER.match(sentence)
    return " ".join(sentence[marker.end() if marker else 0 :].casefold().split())
