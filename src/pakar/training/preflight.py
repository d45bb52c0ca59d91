"""Looks at a training before a second is spent on it: a ledger that can stop the run.

Knows rows of token ids, the base model's facts and the settings; loads nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pakar.errors import TrainingError
from pakar.ports import BaseModel, Recipe, Row

Verdict = Literal["good", "note", "bad"]

_FEW = 20
# More of the examples than this may not be lost to their length.
_MOST_LEFT_OUT = 0.1
_MOST_ALIKE = 0.5
# A model that learns one and the same answer more often than this begins each answer with it.
_ONE_ANSWER = 0.35
# From "LoRA Without Regret" and peft's own benchmarks: adapters want about ten times the rate of
# full fine-tuning, and diverge not far above that.
_RATE_LOW, _RATE_HIGH, _RATE_ABSURD = 2e-5, 2e-3, 1e-2


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the ledger. `bad` stops the run; `hint` is the way out."""

    name: str
    verdict: Verdict
    says: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Preflight:
    """The checks, and the rows that will be learned."""

    checks: tuple[Check, ...]
    rows: tuple[Row, ...]
    held_out: tuple[Row, ...]

    def require(self) -> None:
        """Raises TrainingError for the first check that stops the run."""
        for check in self.checks:
            if check.verdict == "bad":
                raise TrainingError(f"{check.name}: {check.says}", hint=check.hint)


def preflight(
    rows: Sequence[Row],
    held_out: Sequence[Row],
    base: BaseModel,
    recipe: Recipe,
    *,
    served_template: str,
) -> Preflight:
    """`served_template` is the fingerprint of the template with which answers are served."""
    limit = base.context_tokens
    fitting = tuple(row for row in rows if _is_learnable(row, limit))
    held = tuple(row for row in held_out if _is_learnable(row, limit))
    checks = (
        _examples(fitting),
        _lengths(rows, limit),
        _answers(rows),
        _alike(fitting),
        _one_answer(fitting),
        _stop(fitting, base),
        _start(fitting, base),
        _template(base, served_template),
        _rate(recipe),
        _held_out(held),
    )
    return Preflight(checks, fitting, held)


def _is_learnable(row: Row, limit: int) -> bool:
    return len(row.ids) <= limit and row.learned > 1


def _examples(rows: Sequence[Row]) -> Check:
    tokens = sum(len(row.ids) for row in rows)
    learned = sum(row.learned for row in rows)
    says = f"{len(rows)} with {tokens:,} tokens, {learned:,} of them learned"
    if not rows:
        return Check(
            "examples",
            "bad",
            "none is left to learn from",
            "Make some: pakar examples build. Or bring yours: pakar examples import FILE",
        )
    if len(rows) < _FEW:
        return Check(
            "examples",
            "note",
            f"{says}: too few to teach more than a manner of speaking",
            "Some hundred are a beginning.",
        )
    return Check("examples", "good", says)


def _lengths(rows: Sequence[Row], limit: int) -> Check:
    long = [row for row in rows if len(row.ids) > limit]
    longest = max((len(row.ids) for row in rows), default=0)
    if not long:
        return Check("lengths", "good", f"the longest has {longest:,} of {limit:,} tokens; no cut")
    lost = sum(row.learned for row in long)
    names = ", ".join(row.example for row in long[:3])
    says = f"{len(long)} exceed {limit:,} tokens ({lost:,} answer tokens): {names}"
    if len(long) > _MOST_LEFT_OUT * len(rows):
        return Check(
            "lengths",
            "bad",
            says,
            "Shorten them, set fewer `passages` in [retrieval], or choose a model with a "
            "longer context.",
        )
    return Check("lengths", "note", f"{says}; left out whole, none is cut")


def _answers(rows: Sequence[Row]) -> Check:
    empty = [row.example for row in rows if row.learned <= 1]
    if not empty:
        return Check("answers", "good", "each has an answer to learn")
    return Check(
        "answers",
        "note",
        f"{len(empty)} have an empty answer and are left out: {', '.join(empty[:3])}",
    )


def _alike(rows: Sequence[Row]) -> Check:
    counts = Counter(row.ids for row in rows)
    most = max(counts.values(), default=0)
    says = f"{len(counts)} of {len(rows)} are different"
    if len(rows) >= _FEW and most > _MOST_ALIKE * len(rows):
        return Check(
            "variety", "bad", f"{says}: one stands {most} times", "See: pakar examples check"
        )
    return Check("variety", "good" if len(counts) == len(rows) else "note", says)


def _one_answer(rows: Sequence[Row]) -> Check:
    counts = Counter(row.ids[-row.learned :] for row in rows)
    most = max(counts.values(), default=0)
    share = most / max(1, len(rows))
    says = f"the most frequent one makes up {share:.0%}"
    if len(rows) < _FEW or share <= _ONE_ANSWER:
        return Check("same answer", "good", says)
    return Check(
        "same answer",
        "note",
        f"{says}: a small model learns to give it always",
        "Is it a refusal? Set a lower most_unanswerable in [examples], or leave some pairs out.",
    )


def _stop(rows: Sequence[Row], base: BaseModel) -> Check:
    without = [row.example for row in rows if row.ids[-1] not in base.stop]
    if without:
        return Check(
            "stop token",
            "bad",
            f"{len(without)} end without one: {without[0]}",
            "The model would never learn to stop. Choose another base model.",
        )
    return Check("stop token", "good", "learned at the end of each, and the one served with")


def _start(rows: Sequence[Row], base: BaseModel) -> Check:
    doubled = [row.example for row in rows if row.ids[:2] == (base.start, base.start)]
    if doubled:
        return Check(
            "start token",
            "bad",
            f"{len(doubled)} begin with two: {doubled[0]}",
            "The chat template writes one and the tokenizer another: choose another base model.",
        )
    return Check("start token", "good", "none is doubled")


def _template(base: BaseModel, served: str) -> Check:
    if base.template != served:
        return Check(
            "template",
            "bad",
            f"trained with {base.template}, served with {served}",
            "Name the same model for both.",
        )
    return Check("template", "good", f"{served}, the same in training and serving")


def _rate(recipe: Recipe) -> Check:
    rate = recipe.learning_rate
    if rate > _RATE_ABSURD:
        return Check(
            "learning rate",
            "bad",
            f"{rate:g} is far above what adapters bear",
            f"Set one between {_RATE_LOW:g} and {_RATE_HIGH:g}.",
        )
    if not _RATE_LOW <= rate <= _RATE_HIGH:
        return Check(
            "learning rate",
            "note",
            f"{rate:g} is outside the usual range",
            f"Usual for adapters: {_RATE_LOW:g} to {_RATE_HIGH:g}.",
        )
    return Check("learning rate", "good", f"{rate:g}, within the usual range for adapters")


def _held_out(rows: Sequence[Row]) -> Check:
    if not rows:
        return Check("held out", "note", "none: no early stop, and the last weights are kept")
    return Check("held out", "good", f"{len(rows)}, no fact or question of which is trained on")
