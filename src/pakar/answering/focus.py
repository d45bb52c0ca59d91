"""Narrows what was found to the sentences nearest to the question.

A small model finds little in a long text, least of all in a language that it hardly knows. The
embedder was made for finding. Knows passages, sentences and similarities; no prompt and no model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache

from pakar.answering.evidence import sentences_of
from pakar.types import Document, Hit

# Cosine similarities of a question to each of some passages' texts.
Nearness = Callable[[str, Sequence[str]], list[float]]
LoadDocument = Callable[[str], Document]


@dataclass(frozen=True, slots=True)
class Focus:
    """The `most` sentences nearest to the question; 0: the passages whole."""

    most: int
    nearness: Nearness
    load: LoadDocument

    def on(self, question: str, hits: Sequence[Hit], needed: Sequence[Hit] = ()) -> list[Hit]:
        """The chosen sentences, the nearest first, each a hit of the passage that it stands in.

        Those of one passage that follow each other are one hit. `needed` are some of `pieces(hits)`
        that are shown in any case, in the place of what is farthest.
        """
        if self.most == 0:
            return list(hits)
        load = cache(self.load)  # a document is read once, however many passages it has here
        pieces = _pieces(hits, load)
        spans = {_span(one) for one in needed}
        if self.most == len(spans) == 1:
            # All that is shown is known, so no sentence has to be embedded.
            return [one for one in pieces if _span(one) in spans]
        near = self.nearness(question, [_in_place(one) for one in pieces])
        # A sentence says little on its own: what its whole passage is about counts as much.
        scores = [
            own + one.scores.get("vector", 0.0) for own, one in zip(near, pieces, strict=True)
        ]
        order = sorted(
            range(len(pieces)), key=lambda at: (_span(pieces[at]) not in spans, -scores[at])
        )
        chosen = sorted(order[: max(self.most, len(spans))], key=lambda at: -scores[at])
        return _joined(pieces, chosen, load)

    def pieces(self, hits: Sequence[Hit]) -> list[Hit]:
        """What is chosen among: each sentence once, without those that speak to a model.

        A heading goes with what follows it. A table's rows stay together: without their head they
        say little. The hits as they are where nothing would be left.
        """
        return _pieces(hits, cache(self.load))


def _pieces(hits: Sequence[Hit], load: LoadDocument) -> list[Hit]:
    found: dict[tuple[str, int, int], Hit] = {}
    for hit in hits:
        for one in _sentences(hit, load):
            found.setdefault(_span(one), one)
    return list(found.values()) or list(hits)


def _sentences(hit: Hit, load: LoadDocument) -> list[Hit]:
    found = sentences_of([hit])
    if not hit.passage.is_verbatim or any(" | " in one.text for one in found):
        return [hit]
    document = load(hit.document)
    heads = {one.start for one in document.marks if one.kind == "heading"}
    pieces: list[Hit] = []
    begins: int | None = None
    for one in found:
        begins = one.start if begins is None else begins
        if one.start not in heads:
            pieces.append(_cut(hit, begins, one.end, document.text))
            begins = None
    return pieces


def _joined(pieces: Sequence[Hit], chosen: Sequence[int], load: LoadDocument) -> list[Hit]:
    """The chosen pieces in their order, neighbours in one passage put together."""
    left = list(chosen)
    joined: list[Hit] = []
    while left:
        first = last = left.pop(0)
        while last + 1 in left and _touch(pieces[last], pieces[last + 1], load):
            last += 1
            left.remove(last)
        while first - 1 in left and _touch(pieces[first - 1], pieces[first], load):
            first -= 1
            left.remove(first)
        one = pieces[first]
        if first < last:
            one = _cut(one, one.start, pieces[last].end, load(one.document).text)
        joined.append(one)
    return joined


def _touch(one: Hit, other: Hit, load: LoadDocument) -> bool:
    """Whether the other piece follows at once, below the same heading, both the document's own."""
    if (one.document, one.passage.headings) != (other.document, other.passage.headings):
        return False
    if not (one.passage.is_verbatim and other.passage.is_verbatim):
        return False
    return not load(one.document).text[one.end : other.start].strip()


def _cut(hit: Hit, start: int, end: int, text: str) -> Hit:
    """A span of the document's text, with the place and the scores of the hit."""
    return replace(hit, passage=replace(hit.passage, text=text[start:end], start=start, end=end))


def _in_place(hit: Hit) -> str:
    """The sentence below its nearest heading, without which a list item says little."""
    headings = hit.passage.headings
    return f"{headings[-1]}: {hit.text}" if headings else hit.text


def _span(hit: Hit) -> tuple[str, int, int]:
    return hit.document, hit.start, hit.end
