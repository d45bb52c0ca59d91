"""Takes out what must not be learned, and says of each example why.

Order: exact duplicates, near duplicates, leaks. Personal data is only named: whether it may be
learned is for the user to say. Changes no file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from pakar.language.near import near_copies
from pakar.training.identity import example_id
from pakar.training.leaks import Embed, HeldOut, Thresholds, leaks
from pakar.training.personal import personal_data
from pakar.types import Example

Why = Literal["duplicate", "near duplicate", "leak"]
NEAR_DUPLICATE = 0.85


@dataclass(frozen=True, slots=True)
class Exam:
    """The held-out questions, and how paraphrases of them are known (None: by words only)."""

    held_out: Sequence[HeldOut] = ()
    embed: Embed | None = None
    thresholds: Thresholds | None = None


@dataclass(frozen=True, slots=True)
class Dropped:
    """An example that is not learned; `other` is the example's or held-out question it repeats."""

    example: Example
    why: Why
    how: str
    other: str


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What stays, what goes and why, and the kinds of personal data by example id."""

    kept: tuple[Example, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    personal: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def counts(self) -> Mapping[str, int]:
        """How many were dropped, by reason."""
        return Counter(one.why for one in self.dropped)


def clean(examples: Sequence[Example], exam: Exam, *, known: Sequence[Example] = ()) -> Cleaned:
    """Cleans `examples`; they are compared with `known` ones too, which are there already."""
    first: dict[str, Example] = {example_id(one.messages): one for one in known}
    different: list[Example] = []
    dropped: list[Dropped] = []
    for one in examples:
        earlier = first.setdefault(example_id(one.messages), one)
        if earlier is one:
            different.append(one)
        else:
            dropped.append(Dropped(one, "duplicate", "the same words", earlier.question))
    everything = [*known, *different]
    copies = near_copies([f"{one.question}\n{one.answer}" for one in everything], NEAR_DUPLICATE)
    apart = []
    for number, one in enumerate(everything[len(known) :], start=len(known)):
        if number in copies:
            other = everything[copies[number]].question
            dropped.append(Dropped(one, "near duplicate", "nearly the same words", other))
        else:
            apart.append(one)
    given_away = {leak.number: leak for leak in leaks(apart, exam.held_out, exam.embed,
                                                      exam.thresholds)}  # fmt: skip
    dropped += [
        Dropped(apart[number], "leak", leak.how, leak.question)
        for number, leak in given_away.items()
    ]
    kept = tuple(one for number, one in enumerate(apart) if number not in given_away)
    found = {one.id: personal_data(f"{one.question}\n{one.answer}") for one in kept}
    return Cleaned(kept, tuple(dropped), {key: kinds for key, kinds in found.items() if kinds})
