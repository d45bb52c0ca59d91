"""How many tokens a text can have where the tokenizer is not on this machine.

Real tokenizers give English about 0.75 words a token and Indonesian or German about half a word;
the bound counts a token for every two letters without accents, one for every other character or
byte that can stand alone. So it is about twice the true count for European languages, and an
upper bound for any text in a language, though not for letters drawn at random.
"""

from __future__ import annotations

import re
import unicodedata

_PARTS = re.compile(r"(?P<letters>[A-Za-z]+)|(?P<spaces> +)|(?P<other>.)", re.DOTALL)
SPECIAL_TOKENS = 8


def token_bound(text: str) -> int:
    """Tokens that the text takes at most, special tokens around it included."""
    total = SPECIAL_TOKENS
    for match in _PARTS.finditer(text):
        if letters := match["letters"]:
            total += (len(letters) + 1) // 2
        elif spaces := match["spaces"]:
            total += len(spaces) - 1
        else:
            total += _bytes(match["other"])
    return total


def _bytes(character: str) -> int:
    """The longer of the character and its compatibility form; tokenizers read either."""
    composed = unicodedata.normalize("NFKC", character)
    return max(len(form.encode("utf-8", "replace")) for form in (character, composed))
