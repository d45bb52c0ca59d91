"""What one caller asks of one answer, beyond the settings. Knows no route and no model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from pakar.answering.wording import Wording
from pakar.config import Answering
from pakar.ports import Generation


@dataclass(frozen=True, slots=True)
class Wish:
    """None and empty leave it to the settings.

    `instructions` go to the model behind pakar's own; `schema` is a JSON schema for the answer.
    """

    max_tokens: int | None = None
    temperature: float | None = None
    seed: int = 0
    stop: tuple[str, ...] = ()
    schema: Mapping[str, object] | None = None
    instructions: str = ""

    def generation(self, settings: Answering, context_tokens: int) -> Generation:
        """How to write. An answer may take half of the context, or what the settings say."""
        most = max(settings.max_tokens, context_tokens // 2)
        warmth = settings.temperature if self.temperature is None else self.temperature
        return Generation(
            min(self.max_tokens or settings.max_tokens, most),
            warmth,
            self.seed,
            self.stop,
            self.schema,
        )

    def worded(self, words: Wording) -> Wording:
        """The wording with the caller's instructions behind pakar's."""
        if not self.instructions:
            return words
        added = f"\n\n{self.instructions}"
        return replace(words, rag=words.rag + added, base=words.base + added)


AS_SET = Wish()
