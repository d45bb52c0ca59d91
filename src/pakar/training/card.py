"""The card of a set of examples: what it holds, how it fits the model, what was dropped and why.

Counts only; knows no files and no models.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from pakar.training.clean import Cleaned, Dropped
from pakar.training.identity import data_hash
from pakar.types import Example, Failure


@dataclass(frozen=True, slots=True)
class Lengths:
    """Tokens of whole conversations as the model gets them; `too_long` exceed its context."""

    context: int = 0
    shortest: int = 0
    median: float = 0.0
    longest: int = 0
    too_long: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Card:
    """All that `pakar examples check` says. Counts by state are of all examples; the rest is of
    the accepted ones that stay after cleaning. `covered` counts examples by document, the most
    frequent first; `stale` are ids whose documents have changed or gone since."""

    states: Mapping[str, int]
    origins: Mapping[str, int]
    forms: Mapping[str, int]
    languages: Mapping[str, int]
    learned: int
    lengths: Lengths
    covered: Mapping[str, int]
    uncovered: tuple[str, ...]
    stale: tuple[str, ...]
    personal: Mapping[str, tuple[str, ...]]
    dropped: tuple[Dropped, ...]
    data_hash: str
    failed: tuple[Failure, ...] = ()
    notes: tuple[str, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)


def card(
    examples: Sequence[Example],
    cleaned: Cleaned,
    documents: Mapping[str, str],
    lengths: Lengths,
) -> Card:
    """`documents` maps the names of what is indexed to content hashes."""
    kept = cleaned.kept
    covered = Counter(name for one in kept for name in {part.document for part in one.sources})
    return Card(
        states=Counter(one.state for one in examples),
        origins=Counter(one.origin for one in kept),
        forms=Counter(one.form for one in kept),
        languages=Counter(one.language for one in kept),
        learned=len(kept),
        lengths=lengths,
        covered=dict(covered.most_common()),
        uncovered=tuple(sorted(name for name in documents if name not in covered)),
        stale=tuple(one.id for one in kept if _is_stale(one, documents)),
        personal=cleaned.personal,
        dropped=cleaned.dropped,
        data_hash=data_hash(kept),
        counts=cleaned.counts,
    )


def measure(examples: Sequence[Example], count: Callable[[Example], int], context: int) -> Lengths:
    """Counts the tokens of each example."""
    counts = [count(one) for one in examples]
    if not counts:
        return Lengths(context)
    long = tuple(one.id for one, size in zip(examples, counts, strict=True) if size > context)
    return Lengths(context, min(counts), float(median(counts)), max(counts), long)


def _is_stale(example: Example, documents: Mapping[str, str]) -> bool:
    return any(
        part.document not in documents
        or (part.content_hash and documents[part.document] != part.content_hash)
        for part in example.sources
    )
