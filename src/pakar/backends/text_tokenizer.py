"""Token ids and counts of texts from a tokenizer.json, with the library `tokenizers` alone.

Never truncates and never pads. Starts without torch and without transformers.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pakar.backends.extras import require
from pakar.errors import ModelError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_SURROGATES = re.compile(r"[\ud800-\udfff]")


def printable(text: str) -> str:
    """The text as UTF-8 can hold it: lone surrogates become U+FFFD, NULs vanish."""
    return _SURROGATES.sub("\ufffd", text).replace("\x00", "")


class TextTokenizer:
    """Loads its file at the first use; safe to share between threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._tokenizer: Tokenizer | None = None
        self._lock = threading.Lock()

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Ids of each text, the special tokens around it included."""
        cleaned = [printable(text) for text in texts]
        return [encoding.ids for encoding in self._loaded().encode_batch_fast(cleaned)]

    def count(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, the special tokens around it included."""
        return [len(ids) for ids in self.encode(texts)]

    def _loaded(self) -> Tokenizer:
        with self._lock:
            if self._tokenizer is None:
                self._tokenizer = load_tokenizer(self._path)
            return self._tokenizer


def load_tokenizer(path: Path) -> Tokenizer:
    """Raises ModelError where the file is missing or damaged. It never truncates or pads."""
    require("tokenizers")
    from tokenizers import Tokenizer

    if not path.is_file():
        raise ModelError(
            f"{path.parent} has no tokenizer.json",
            hint="Save the model with its fast tokenizer (AutoTokenizer(...).save_pretrained).",
        )
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises nothing more exact
        raise ModelError(
            f"{path} cannot be read: {error}", hint="Fetch the model again."
        ) from error
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer
