"""How much is learned from: token counts of examples, cut into steps and micro-batches.

Knows counts only. A step reads `batch` examples; its micro-batches hold at most `micro_tokens`
tokens (one example at least), one sequence behind the other.
What rounds their number up for the sake of equal sizes (a sixteenth at most) is left out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pakar.errors import ConfigError
from pakar.training.run_setup import MicroBatch

MICRO_TOKENS = 2048
_MOST_EXAMPLES = 1_000_000_000
_LONGEST = 10_000_000


@dataclass(frozen=True, slots=True)
class Workload:
    """Examples by their length and their answer's length in tokens; `repeats` of the lists.

    `assumed` says in a line what was not known and taken instead; `met` is the largest micro-batch
    of steps that are laid out already.
    """

    lengths: tuple[int, ...]
    answers: tuple[int, ...]
    batch: int = 8
    epochs: float = 1.0
    micro_tokens: int = MICRO_TOKENS
    repeats: int = 1
    assumed: str = ""
    met: MicroBatch | None = None

    def __post_init__(self) -> None:
        if not self.lengths or len(self.lengths) != len(self.answers):
            raise ConfigError("no examples to plan for", hint="Name their number and length.")
        for name, value in (("batch", self.batch), ("micro-batch", self.micro_tokens)):
            if value < 1:
                raise ConfigError(f"{name} of {value}", hint="It takes at least one.")
        if self.epochs <= 0 or not math.isfinite(self.epochs):
            raise ConfigError(f"{self.epochs} epochs", hint="Give a positive number.")
        for length, answer in zip(self.lengths, self.answers, strict=True):
            if not 0 < length <= _LONGEST or not 0 <= answer <= length:
                raise ConfigError(
                    f"an example of {length} tokens, {answer} of them its answer, is impossible",
                    hint=f"A length is 1 to {_LONGEST:,}, an answer no longer than it.",
                )

    @property
    def examples(self) -> int:
        return len(self.lengths) * self.repeats

    @property
    def tokens(self) -> int:
        """Of one pass over all examples."""
        return sum(self.lengths) * self.repeats

    @property
    def answer_tokens(self) -> int:
        return sum(self.answers) * self.repeats

    @property
    def steps(self) -> int:
        return math.ceil(math.ceil(self.examples / self.batch) * self.epochs)

    @property
    def largest(self) -> MicroBatch:
        """The micro-batch that needs the most memory. Where no steps are laid out yet: the longest
        examples if they meet in a step, or whatever fills the bound, as chance mixes lengths so
        that some micro-batch nearly does. It may hold the answers of a whole step: what the
        examples share is in it once.
        """
        if self.met is not None:
            return self.met
        order = sorted(zip(self.lengths, self.answers, strict=True), reverse=True)
        if self.repeats > 1:
            order = [pair for pair in order for _ in range(self.batch)]
        step = order[: self.batch]
        tokens = sum(length for length, _ in step)
        answers = sum(answer for _, answer in step)
        bound = max(self.micro_tokens, order[0][0])
        if tokens <= bound:
            return MicroBatch(tokens, answers)
        return MicroBatch(bound, min(bound, answers))


def even(
    examples: int, length: int, answer: int | None = None, *, batch: int = 8, epochs: float = 1.0
) -> Workload:
    """`examples` of equal length. Where the answers' length is not known, a quarter is taken."""
    if not 0 < examples <= _MOST_EXAMPLES:
        raise ConfigError(
            f"{examples} examples", hint=f"Give a number from 1 to {_MOST_EXAMPLES:,}."
        )
    assumed = ""
    if answer is None:
        answer = max(1, length // 4)
        assumed = f"a quarter of each example is its answer: {answer} of {length} tokens"
    return Workload(
        (length,), (answer,), batch=batch, epochs=epochs, repeats=examples, assumed=assumed
    )


def measured(
    lengths: Sequence[int], answers: Sequence[int], *, batch: int = 8, epochs: float = 1.0
) -> Workload:
    """Examples whose tokens were counted."""
    return Workload(tuple(lengths), tuple(answers), batch=batch, epochs=epochs)
