"""Splits a text that is longer than a model reads, for models that take text and not tokens."""

from __future__ import annotations

from collections.abc import Callable


def halved(text: str, fits: Callable[[str], bool]) -> list[str]:
    """The text as consecutive parts that each fit, cut at white space where there is some.

    A part of one character is returned even where it does not fit.
    """
    if len(text) <= 1 or fits(text):
        return [text]
    middle = len(text) // 2
    space = text.rfind(" ", 1, middle + 1)
    at = space if space > middle // 2 else middle
    return halved(text[:at], fits) + halved(text[at:], fits)
