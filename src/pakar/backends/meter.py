"""Counts the tokens of an answer while it is written. Knows no model and no tokenizer."""

from __future__ import annotations

from collections.abc import Generator, Iterator

from pakar.types import Usage


class TokenLimitError(Exception):
    """Raised by a source of tokens whose limit is used up; never leaves `Meter.counted`."""


class Meter:
    """What one answer has cost so far; `read` are the prompt's tokens."""

    def __init__(self, read: int) -> None:
        self.usage = Usage(read)

    def counted(self, tokens: Iterator[int]) -> Iterator[int]:
        """The same tokens. A TokenLimitError at their end says that the limit ended them."""
        try:
            for token in tokens:
                self.add(1)
                yield token
        except TokenLimitError:
            self.usage = Usage(self.usage.read, self.usage.written, cut=True)

    def add(self, written: int) -> None:
        self.usage = Usage(self.usage.read, self.usage.written + written, self.usage.cut)


class MeteredPieces(Iterator[str]):
    """The pieces of an answer with their meter: the port `Metered`."""

    def __init__(self, pieces: Generator[str, None, None], meter: Meter) -> None:
        self._pieces = pieces
        self._meter = meter

    def __next__(self) -> str:
        return next(self._pieces)

    @property
    def usage(self) -> Usage:
        return self._meter.usage

    def close(self) -> None:
        """Stops writing."""
        self._pieces.close()
