"""What training has to know of serving, so that both read the same text.

The functions are passed in: this layer knows neither retrieval nor prompts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from pakar.types import Hit, Message

Search = Callable[[str, int], Sequence[Hit]]


@dataclass(frozen=True, slots=True)
class Rendered:
    """The turns before the answer, as the model will get them, and the passages in them."""

    messages: tuple[Message, ...]
    hits: tuple[Hit, ...] = ()


class Narrowing(Protocol):
    """Which parts of the passages that were found a prompt shows.

    `most` is how many, 0 for the passages whole. Those that are `needed`, some of `pieces(hits)`,
    are among what is shown.
    """

    @property
    def most(self) -> int: ...

    def pieces(self, hits: Sequence[Hit]) -> list[Hit]: ...

    def on(self, question: str, hits: Sequence[Hit], needed: Sequence[Hit] = ()) -> list[Hit]: ...


@dataclass(frozen=True, slots=True)
class Serving:
    """The real retriever and the real prompts.

    `search(question, k)` gives the best passages, the best first. `with_passages(question, hits,
    history)` and `alone(question, history)` write the prompt and raise PakarError where the
    question finds no room. `unknown(question)` is what the model shall write when the passages do
    not hold the answer, `says_unknown(answer)` whether an answer says just that. `passages` is how
    many it usually gets; `narrowing` is what it reads of them.
    """

    search: Search
    with_passages: Callable[[str, Sequence[Hit], Sequence[Message]], Rendered]
    alone: Callable[[str, Sequence[Message]], Rendered]
    unknown: Callable[[str], str]
    says_unknown: Callable[[str], bool]
    passages: int
    narrowing: Narrowing
