"""What the pages say, in the reader's language.

The words lie in `texts/LANGUAGE.toml`, so that they can be read and improved without reading code.
Knows no page; answers and documents keep the language that they are in.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files

LANGUAGES = ("en", "id")
Texts = Mapping[str, Mapping[str, str]]


@lru_cache(maxsize=len(LANGUAGES))
def texts(language: str) -> Texts:
    """All texts of one of the languages, by section and name."""
    file = files("pakar.server.pages") / "texts" / f"{language}.toml"
    found: Texts = tomllib.loads(file.read_text(encoding="utf-8"))
    return found


def preferred(accepted: str) -> str:
    """The known language that an Accept-Language header likes best; English where there is none."""
    wishes: list[tuple[float, str]] = []
    for part in accepted[:1000].split(","):
        name, _, quality = part.partition(";q=")
        language = name.strip().casefold().partition("-")[0]
        if language in LANGUAGES:
            wishes.append((_number(quality), language))
    return max(wishes, key=lambda one: one[0])[1] if wishes else "en"


def _number(quality: str) -> float:
    try:
        return float(quality) if quality.strip() else 1.0
    except ValueError:
        return 0.0
