"""Chooses a label by meaning: the one whose description is nearest to the text.

For labels that are described in words, an embedder beats a small language model that is asked for
the same (docs/batch.md has figures). Knows texts and vectors, no schema's rules and no model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pakar.answering.fields import Field
from pakar.ports import Vectors

Embed = Callable[[Sequence[str]], Vectors]


@dataclass(frozen=True, slots=True)
class Label:
    """The chosen value; `margin` is by how much its cosine beats that of the next best."""

    value: str
    margin: float


def nearest(text: str, field: Field, embed: Embed) -> Label:
    """The label of a field (see `Field.is_label`) for a text."""
    vectors = embed([text, *(one.description for one in field.choices)])
    cosines = vectors[1:] @ vectors[0]
    order = cosines.argsort()[::-1]
    margin = float(cosines[order[0]] - cosines[order[1]])
    return Label(str(field.choices[int(order[0])].value), margin)
