"""Splits a document into passages of a size that the embedder reads whole.

A passage is an exact span of the document. Where to split is told by `outline.py` (what belongs
to what) and `packing.py` (what fits together); here the embedder's tokens are counted, and no
passage leaves that is longer than the embedder's limit.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from pakar.documents.outline import Atom, Section, outline
from pakar.documents.packing import Limits, Piece, pack
from pakar.errors import ConfigError
from pakar.types import Document, Passage

# Raised with every change that gives other passages for the same document and settings.
SPLITTER_VERSION = 1

CountTokens = Callable[[Sequence[str]], list[int]]

_CELL_BORDER = " | "
# Tokens that texts may gain where they are joined, as a share of the limit.
_JOIN_MARGIN = 0.03
# Title and headings may take this share of the limit before they are shortened.
_CONTEXT_SHARE = 0.5
_SHORT_HEADING = 80


def embedding_text(passage: Passage) -> str:
    """What the embedder gets of a passage: its place in the document, then its words."""
    return f"{passage.context}\n{passage.text}" if passage.context else passage.text


def split(
    document: Document, *, max_tokens: int, size: int, count_tokens: CountTokens
) -> list[Passage]:
    """The passages of a document in order; together they hold all its words, none twice.

    `count_tokens` is the embedder's and includes what it adds to every text. No passage's
    `embedding_text` counts more than `max_tokens`; its own words aim at `size` tokens. Headings
    are the first choice for a border, then blocks, lines and sentences. Table rows stay whole;
    rows and sentences that are longer than the limit by themselves are cut at cell borders and
    at white space. Raises ConfigError where the limit leaves no room for a single character.
    """
    tree = outline(document)
    atoms = list(_walk_atoms(tree))
    if not atoms:
        return []
    splitter = _Splitter(document, max_tokens, size, count_tokens)
    return splitter.passages(tree, atoms)


@dataclass(frozen=True, slots=True)
class _Context:
    """Title and headings as passages below one heading path carry them, and their tokens."""

    title: str
    headings: tuple[str, ...]
    tokens: int = 0

    @property
    def text(self) -> str:
        return Passage("", 0, 0, "", title=self.title, headings=self.headings).context


class _Splitter:
    def __init__(
        self, document: Document, max_tokens: int, size: int, count_tokens: CountTokens
    ) -> None:
        self._document = document
        self._max_tokens = max_tokens
        self._size = size
        self._count = count_tokens
        self._pages = _Pages(document)
        self._empty = 0

    def passages(self, tree: Section, atoms: list[Atom]) -> list[Passage]:
        paths = list(dict.fromkeys(_paths(tree)))
        full = [_Context(self._document.title, path) for path in paths]
        texts = [self._text(atom) for atom in atoms]
        self._empty, *numbers = self._count(["", *(context.text for context in full), *texts])
        counts = self._own_tokens(numbers)
        contexts = self._fitting(dict(zip(paths, zip(full, counts, strict=False), strict=True)))
        limits = {path: self._limits(context) for path, context in contexts.items()}
        known = dict(zip(atoms, counts[len(full) :], strict=True))
        self._cut_long_atoms(tree, known, limits)
        starts = _section_starts(tree)
        made = [
            (piece, contexts[_path_at(starts, piece[0].start)])
            for piece in pack(tree, known, limits)
        ]
        return self._verified(made)

    def _text(self, atom: Atom) -> str:
        return self._document.text[atom.start : atom.end]

    def _own_tokens(self, numbers: Sequence[int]) -> list[int]:
        """Counts without what the embedder adds to every text."""
        return [max(1, number - self._empty) for number in numbers]

    def _limits(self, context: _Context) -> Limits:
        margin = max(2, int(self._max_tokens * _JOIN_MARGIN))
        most = max(1, self._max_tokens - self._empty - context.tokens - margin)
        return Limits(max(1, min(self._size, most)), most)

    def _fitting(
        self, full: dict[tuple[str, ...], tuple[_Context, int]]
    ) -> dict[tuple[str, ...], _Context]:
        """Every path's context, shortened where it would crowd out the text."""
        room = int((self._max_tokens - self._empty) * _CONTEXT_SHARE)
        found: dict[tuple[str, ...], _Context] = {}
        for path, (context, tokens) in full.items():
            found[path] = replace(context, tokens=tokens if context.text else 0)
            if found[path].tokens > room:
                found[path] = self._shortened(context, room)
        return found

    def _shortened(self, context: _Context, room: int) -> _Context:
        tries = list(_shorter(context))
        counts = self._own_tokens(self._count([shorter.text for shorter in tries]))
        for shorter, tokens in zip(tries, counts, strict=True):
            if tokens <= room:
                return replace(shorter, tokens=tokens)
        return _Context("", ())

    def _cut_long_atoms(
        self, tree: Section, counts: dict[Atom, int], limits: dict[tuple[str, ...], Limits]
    ) -> None:
        """Replaces atoms longer than the limit by parts that fit, counted in bulk."""
        sections = list(_sections(tree))
        unknown: list[Atom] = [atom for section in sections for atom in section.own]
        while unknown:
            unknown = []
            for section in sections:
                most = limits[section.path].most
                parts = [part for atom in section.own for part in self._fit(atom, counts, most)]
                unknown += [part for part in parts if part not in counts]
                section.own = parts
            if unknown:
                numbers = self._count([self._text(atom) for atom in unknown])
                counts.update(zip(unknown, self._own_tokens(numbers), strict=True))

    def _fit(self, atom: Atom, counts: dict[Atom, int], most: int) -> list[Atom]:
        if counts[atom] <= most or not _can_cut(atom):
            return [atom]
        return _cut(self._document.text, atom, most / counts[atom])

    def _verified(self, made: list[tuple[Piece, _Context]]) -> list[Passage]:
        """Counts the finished passages, and splits those again that came out too long."""
        passages = [self._passage(piece, context) for piece, context in made]
        counts = self._count([embedding_text(passage) for passage in passages])
        kept = [p for p, tokens in zip(passages, counts, strict=True) if tokens <= self._max_tokens]
        if len(kept) == len(passages):
            return kept
        halves = [
            half
            for one, tokens in zip(made, counts, strict=True)
            if tokens > self._max_tokens
            for half in self._halved(*one)
        ]
        return sorted([*kept, *self._verified(halves)], key=lambda passage: passage.start)

    def _halved(self, piece: Piece, context: _Context) -> list[tuple[Piece, _Context]]:
        if len(piece) == 1 and _can_cut(piece[0]):
            piece = _cut(self._document.text, piece[0], 0.5)
        if len(piece) > 1:
            middle = len(piece) // 2
            return [(piece[:middle], context), (piece[middle:], context)]
        if context.text:
            return [(piece, _Context("", ()))]
        raise ConfigError(
            f"the embedder's limit of {self._max_tokens} tokens leaves no room for any text",
            hint="Choose an embedder that takes longer texts.",
        )

    def _passage(self, piece: Piece, context: _Context) -> Passage:
        start, end = piece[0].start, piece[-1].end
        return Passage(
            document=self._document.name,
            start=start,
            end=end,
            text=self._document.text[start:end],
            title=context.title,
            headings=context.headings,
            page=self._pages.at(start),
            language=self._document.language,
        )


class _Pages:
    """The pages or slides of a document, by offset."""

    def __init__(self, document: Document) -> None:
        marks = [mark for mark in document.marks if mark.kind in ("page", "slide")]
        self._marks = sorted(marks, key=lambda mark: mark.start)
        self._starts = [mark.start for mark in self._marks]

    def at(self, offset: int) -> int | None:
        position = bisect_right(self._starts, offset) - 1
        if position < 0 or offset >= self._marks[position].end:
            return None
        value = self._marks[position].value
        return int(value) if value.isascii() and value.isdigit() else None


def _sections(tree: Section) -> Iterator[Section]:
    yield tree
    for child in tree.children:
        yield from _sections(child)


def _walk_atoms(tree: Section) -> Iterator[Atom]:
    for section in _sections(tree):
        yield from section.own


def _paths(tree: Section) -> Iterator[tuple[str, ...]]:
    return (section.path for section in _sections(tree))


def _section_starts(tree: Section) -> tuple[list[int], list[tuple[str, ...]]]:
    sections = [section for section in _sections(tree) if section.own]
    return [section.own[0].start for section in sections], [section.path for section in sections]


def _path_at(starts: tuple[list[int], list[tuple[str, ...]]], offset: int) -> tuple[str, ...]:
    return starts[1][bisect_right(starts[0], offset) - 1]


def _shorter(context: _Context) -> Iterator[_Context]:
    """Shorter forms of a context, the best first: the ends of the path say the most."""
    cut = tuple(heading[:_SHORT_HEADING] for heading in context.headings)
    title = context.title[:_SHORT_HEADING]
    yield _Context(title, cut)
    yield _Context(title, cut[-1:])
    yield _Context("", cut[-1:])
    yield _Context("", tuple(heading[: _SHORT_HEADING // 4] for heading in cut[-1:]))


def _can_cut(atom: Atom) -> bool:
    return atom.end - atom.start > 1


def _cut(text: str, atom: Atom, share: float) -> list[Atom]:
    """Cuts an atom into parts of about this share of its length.

    At cell borders in table rows, else at white space, else anywhere. Borders belong to the part
    before them.
    """
    length = max(1, int((atom.end - atom.start) * min(share, 0.95) * 0.9))
    parts: list[Atom] = []
    start = atom.start
    while start < atom.end:
        end = min(atom.end, start + length)
        if end < atom.end:
            end = _best_end(text, start, end, row=atom.row)
        begin, stop = _stripped(text, start, end)
        if begin < stop:
            parts.append(replace(atom, start=begin, end=stop))
        start = end
    return parts


def _best_end(text: str, start: int, end: int, *, row: bool) -> int:
    if row:
        border = text.rfind(_CELL_BORDER, start, end)
        if border > start:
            return border + len(_CELL_BORDER)
    for position in range(end, start + (end - start) // 2, -1):
        if text[position - 1].isspace():
            return position
    return end


def _stripped(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end
