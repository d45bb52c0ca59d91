"""ROUGE-L: how long a subsequence of words an answer shares with a reference (Lin, 2004).

The same figures as Google's `rouge-score` without stemming, against which the tests check it; that
package drops every letter outside a to z, this one counts words of all scripts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_WORD = re.compile(r"[^\W_]+")


def rouge_l(answer: str, references: Sequence[str]) -> float:
    """The best F-measure with any reference, from 0 to 1; 0 without references or words."""
    words = _WORD.findall(answer.lower())
    return max((_f(words, _WORD.findall(one.lower())) for one in references), default=0.0)


def _f(answer: list[str], reference: list[str]) -> float:
    if not answer or not reference:
        return 0.0
    shared = _longest_common(answer, reference)
    return 2 * shared / (len(answer) + len(reference))


def _longest_common(one: list[str], other: list[str]) -> int:
    lengths = [0] * (len(other) + 1)
    for word in one:
        before = 0
        for index, against in enumerate(other, start=1):
            above = lengths[index]
            lengths[index] = before + 1 if word == against else max(above, lengths[index - 1])
            before = above
    return lengths[-1]
