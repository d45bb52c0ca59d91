"""The language of a text.

Knows the statistics of letters (by py3langid) and where they need help: short questions and
languages that hardly differ. Knows nothing of documents.
"""

from __future__ import annotations

import re
import threading
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

UNKNOWN = "und"

# What documents are commonly written in. Languages left out are mostly small ones close to one of
# these, which draw short texts away from it: Javanese from Indonesian, Norwegian Nynorsk from
# Norwegian, Latin from everything. "zxx" is the library's label for what is no language.
_CANDIDATES = (
    "af ar az be bg bn bs ca cs cy da de el en es et eu fa fi fr ga gl gu he hi hr hu hy id is it "
    "ja ka kk km kn ko lo lt lv mk ml mn mr ms my ne nl no or pa pl ps pt ro ru si sk sl sq sr sv "
    "sw ta te th tl tr uk ur uz vi zh zxx"
)
# Malay and Indonesian share most words and forms, so one stemmer serves both, and short texts
# cannot be told apart. Malay is therefore reported as Indonesian.
_MERGED = {"ms": "id", "zxx": UNKNOWN}

# A question is often short and full of foreign names; its question word says what it is.
_QUESTION_WORDS = {
    "en": "what which who whom whose when where why how does",
    "id": "apa apakah siapa siapakah kapan kapankah dimana dimanakah mana berapa berapakah "
    "bagaimana bagaimanakah mengapa kenapa",
}
_QUESTION_WEIGHT = 0.5
_QUESTION_LENGTH = 200

_SAMPLE = 4_000  # characters are enough for a certain answer; reading more only costs time
_LOADING = threading.Lock()
_LEAST_LETTERS = 6
_LEAST_CONFIDENCE = 0.25
_WORD = re.compile(r"[^\W\d_]+")
_LETTER = re.compile(r"[^\W\d_]")
# One character of these scripts says as much as several letters.
_DENSE = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]"
)


def detect(text: str) -> str:
    """The ISO 639-1 code of a text's language, or "und" where the text is too short to tell.

    Indonesian and Malay both give "id". Of a long text a sample of 4,000 characters is read,
    from its beginning, middle and end.
    """
    sample = _sample(text)
    if len(_LETTER.findall(sample)) + 4 * len(_DENSE.findall(sample)) < _LEAST_LETTERS:
        return UNKNOWN
    confidence: dict[str, float] = {}
    for label, share in _loaded().rank(sample):
        code = _MERGED.get(label, label)
        confidence[code] = confidence.get(code, 0.0) + share
    for code in _asked_in(sample):
        confidence[code] = confidence.get(code, 0.0) + _QUESTION_WEIGHT
    best = max(confidence, key=lambda code: confidence[code])
    return best if confidence[best] >= _LEAST_CONFIDENCE else UNKNOWN


def _asked_in(sample: str) -> list[str]:
    """The languages whose question words a short text has."""
    if len(sample) > _QUESTION_LENGTH:
        return []
    used = set(_WORD.findall(sample.casefold()))
    return [code for code, known in _QUESTION_WORDS.items() if used & set(known.split())]


def _sample(text: str) -> str:
    if len(text) <= _SAMPLE:
        return text
    part = _SAMPLE // 3
    middle = len(text) // 2
    return " ".join([text[:part], text[middle : middle + part], text[-part:]])


def _loaded() -> LanguageIdentifier:
    """Loading takes half a second: the first questions of a server do it once, not each."""
    with _LOADING:
        return _identifier()


@lru_cache(maxsize=1)
def _identifier() -> LanguageIdentifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(_CANDIDATES.split())
    return identifier
