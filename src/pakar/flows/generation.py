"""A language model writes examples about the passages that have none yet.

Puts prompt, model, retriever and checks in sequence; holds no logic of a step.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pakar.answering.wording import wording
from pakar.ports import Generation, LanguageModel
from pakar.retrieval.search import Retriever
from pakar.training.generate import SCHEMA, Generated, Progress, generate, spread
from pakar.types import Example, Message, Passage

_LONGEST = 300


@dataclass(frozen=True, slots=True)
class Writer:
    """Who writes, and who finds again."""

    model: LanguageModel
    retriever: Retriever

    def write(
        self,
        passages: Iterator[tuple[Passage, str]],
        known: Sequence[Example],
        most: int,
        progress: Progress | None = None,
    ) -> Generated:
        """One pair for each of at most so many passages that no generated example came from."""
        done = {
            (source.document, source.content_hash, source.start)
            for one in known
            if one.origin == "generated"
            for source in one.sources
        }
        new = [(one, key) for one, key in passages if (one.document, key, one.start) not in done]
        return generate(
            spread(new, most),
            self._pair,
            lambda question, k: self.retriever.search(question, k=k),
            progress=progress,
        )

    def _pair(self, passage: Passage) -> str:
        text = f"{passage.context}\n{passage.text}" if passage.context else passage.text
        prompt = [Message("user", wording(passage.language).generate(text))]
        settings = Generation(_LONGEST, schema=SCHEMA)
        return "".join(self.model.generate(prompt, settings))
