"""Decides which sentences, lines and sections go together into passages of a size.

Works on a tree of sections whose atoms have token counts; knows no text and no tokenizer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from pakar.documents.outline import Atom, Section

# A piece smaller than this share of the size goes to a neighbour where it fits.
_TINY = 0.25


@dataclass(frozen=True, slots=True)
class Limits:
    """Tokens of text alone: `size` is aimed at, `most` is never exceeded (as far as counted)."""

    size: int
    most: int

    @property
    def tiny(self) -> float:
        return self.size * _TINY


Piece = list[Atom]
Counts = Mapping[Atom, int]


def pack(section: Section, counts: Counts, limits: Mapping[tuple[str, ...], Limits]) -> list[Piece]:
    """The pieces of a tree in order: together all its atoms, none twice.

    A section that fits whole is one piece. Small sections beside each other under one parent
    share a piece. A piece never goes on from the middle of a section into the next one of the
    same or a higher level. `limits` holds what each heading path leaves for the text.
    """
    return _Packer(counts, limits).section(section, [])


class _Packer:
    def __init__(self, counts: Counts, limits: Mapping[tuple[str, ...], Limits]) -> None:
        self._counts = counts
        self._limits = limits
        self._totals: dict[int, int] = {}

    def section(self, section: Section, lead: Piece) -> list[Piece]:
        """`lead` is what too short a section above leaves to be said first."""
        limits = self._limits[section.path]
        if self._sum(lead) + self._total(section) <= limits.size:
            whole = lead + _all_atoms(section)
            return [whole] if whole else []
        own = lead + section.own
        if section.children and self._sum(own) < limits.tiny:
            return self._children(section, own, limits)
        return self._run(own, limits) + self._children(section, [], limits)

    def _children(self, parent: Section, lead: Piece, limits: Limits) -> list[Piece]:
        pieces: list[Piece] = []
        group: Piece = []
        for child in parent.children:
            together = self._sum(lead) + self._sum(group) + self._total(child)
            if together <= limits.size:
                group += lead + _all_atoms(child)
            else:
                pieces += [group] if group else []
                group = []
                if self._sum(lead) + self._total(child) <= limits.size:
                    group = lead + _all_atoms(child)
                else:
                    pieces += self.section(child, lead)
            lead = []
        return [*pieces, group] if group else pieces

    def _run(self, atoms: Piece, limits: Limits) -> list[Piece]:
        """Pieces of text below one heading: whole blocks first, then lines, then sentences."""
        filler = _Filler(self._counts, limits)
        for _, block in groupby(atoms, key=lambda atom: atom.block):
            filler.add(list(block))
        return filler.finished()

    def _sum(self, atoms: Sequence[Atom]) -> int:
        return sum(self._counts[atom] for atom in atoms)

    def _total(self, section: Section) -> int:
        key = id(section)
        if key not in self._totals:
            below = sum(self._total(child) for child in section.children)
            self._totals[key] = self._sum(section.own) + below
        return self._totals[key]


class _Filler:
    """Fills one piece after the other, breaking up only what does not fit as a whole."""

    def __init__(self, counts: Counts, limits: Limits) -> None:
        self._counts = counts
        self._limits = limits
        self._pieces: list[Piece] = []
        self._current: Piece = []
        self._tokens = 0

    def add(self, unit: Piece) -> None:
        tokens = sum(self._counts[atom] for atom in unit)
        if self._tokens + tokens <= self._limits.size:
            self._take(unit, tokens)
        elif tokens <= self._limits.size and self._tokens >= self._limits.tiny:
            self._flush()
            self._take(unit, tokens)
        elif len(unit) > 1:
            for part in _parts(unit):
                self.add(part)
        else:
            short = self._tokens < self._limits.tiny
            if not (short and self._tokens + tokens <= self._limits.most):
                self._flush()
            self._take(unit, tokens)

    def finished(self) -> list[Piece]:
        """All pieces; a tiny last one joins the one before where it fits."""
        if self._pieces and self._tokens < self._limits.tiny:
            before = sum(self._counts[atom] for atom in self._pieces[-1])
            if before + self._tokens <= self._limits.most:
                self._pieces[-1] += self._current
                self._current = []
        self._flush()
        return self._pieces

    def _take(self, unit: Piece, tokens: int) -> None:
        self._current += unit
        self._tokens += tokens

    def _flush(self) -> None:
        if self._current:
            self._pieces.append(self._current)
        self._current, self._tokens = [], 0


def _parts(unit: Piece) -> list[Piece]:
    """The lines of a block, or the sentences of a line."""
    lines = [list(group) for _, group in groupby(unit, key=lambda atom: atom.line)]
    return lines if len(lines) > 1 else [[atom] for atom in unit]


def _all_atoms(section: Section) -> Piece:
    found = list(section.own)
    for child in section.children:
        found += _all_atoms(child)
    return found
