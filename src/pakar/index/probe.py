"""Proves that text which left the index can no longer be found in it or quoted from it.

Looks for sentences that stood in a document and no longer do: among all passages of the document,
by words, by vector, and in the text that quotes are taken from. Knows ports and texts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from pakar.index.texts import TextStore
from pakar.language.sentences import sentence_spans
from pakar.ports import Filter, IndexedPassage, Snapshot
from pakar.types import Failure

_DEEPEST = 20
_SHORTEST = 20
_HINT = "Run: pakar reindex. Then report it: old text must not be found."


@dataclass(frozen=True, slots=True)
class Probed:
    """How many old sentences were looked for, and where any was still found."""

    sentences: int
    found: tuple[Failure, ...] = ()


def probe(left: Sequence[IndexedPassage], snapshot: Snapshot, texts: TextStore) -> Probed:
    """Looks for what stood in the passages `left` and does not stand in their documents now."""
    groups: dict[str, list[IndexedPassage]] = {}
    for row in left:
        groups.setdefault(row.passage.document, []).append(row)
    now = snapshot.documents()
    count, found = 0, []
    for name, rows in groups.items():
        current = texts.load(name, now[name]).text if name in now else ""
        gone = {s for row in rows for s in _sentences(row) if s not in current}
        count += len(gone)
        where = [place for place, text in _served(name, rows, snapshot) if _holds(text, gone)]
        if where:
            places = ", ".join(dict.fromkeys(where))
            found.append(Failure(name, f"its earlier text is still found {places}", _HINT))
    return Probed(count, tuple(found))


def _sentences(row: IndexedPassage) -> list[str]:
    text = row.passage.text
    spans = sentence_spans(text, row.passage.language)
    return [text[start:end] for start, end in spans if end - start >= _SHORTEST] or [text]


def _served(
    name: str, rows: Sequence[IndexedPassage], snapshot: Snapshot
) -> Iterator[tuple[str, str]]:
    """Every text that the index still gives for the document, with how it was found."""
    where = Filter(documents=(name,))
    for one in snapshot.rows([name]):
        yield "among its passages", one.passage.text
    for row in rows:
        for hit in snapshot.search_terms(row.terms, _DEEPEST, where):
            yield "by its words", hit.passage.text
        for hit in snapshot.search_vector(row.vector, _DEEPEST, where):
            yield "by its meaning", hit.passage.text


def _holds(text: str, sentences: Collection[str]) -> bool:
    return any(sentence in text for sentence in sentences)
