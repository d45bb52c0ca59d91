"""A text's letters alone, so that a quote is found in what a PDF says in another spacing.

Knows characters; opens nothing.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator


def letters(text: str) -> Iterator[tuple[str, int]]:
    """The letters and digits of a text, folded, each with the offset that it comes from.

    What a PDF's text is joined with (spaces, hyphens at line ends) is not among them.
    """
    for at, character in enumerate(text):
        for one in unicodedata.normalize("NFKC", character).casefold():
            if one.isalnum():
                yield one, at


def folded(text: str) -> str:
    return "".join(one for one, _ in letters(text))
