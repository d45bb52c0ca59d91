"""Which passages were shown already, so that another question can be asked of the same ones.

What questions share is computed once in a training, and the passages are most of an example's
tokens. They stay what the retriever returned: for a question of the same document, where the right
passages of both are among them. Knows passages and their ids, no prompts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from pakar.types import Hit


@dataclass
class _Context:
    hits: Sequence[Hit]
    questions: int = 0


@dataclass
class Contexts:
    """At most `most` questions for the same passages; with 1, each question has its own."""

    most: int = 1
    _by_passage: defaultdict[str, list[_Context]] = field(
        default_factory=lambda: defaultdict(list), init=False
    )

    def shown_for(self, wanted: Sequence[Hit], own: Sequence[Hit]) -> Sequence[Hit]:
        """Passages that were shown before and hold all that is wanted, else these own ones.

        Counts the question.
        """
        ids = {hit.passage.id for hit in wanted}
        chosen = next((one for one in self._open(wanted) if ids <= _ids(one)), None)
        if chosen is None:
            chosen = _Context(own)
            for hit in own:
                self._by_passage[hit.passage.id].append(chosen)
        chosen.questions += 1
        return chosen.hits

    def _open(self, wanted: Sequence[Hit]) -> list[_Context]:
        known = self._by_passage.get(wanted[0].passage.id, []) if wanted else []
        return [one for one in known if one.questions < self.most]


def _ids(context: _Context) -> set[str]:
    return {hit.passage.id for hit in context.hits}
