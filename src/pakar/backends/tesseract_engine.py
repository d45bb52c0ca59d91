"""Tesseract, where its program is installed: a process a picture, with a limit of time.

https://tesseract-ocr.github.io/tessdoc/Command-Line-Usage.html. The languages are those of pakar's
users of which the models are installed. Knows nothing of pages.
"""

from __future__ import annotations

import csv
import io
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from pakar.errors import MissingExtraError, SourceError
from pakar.ports import OcrLine

_SECONDS = 120
_WANTED = ("ind", "eng")
_INSTALL = (
    "Install it (Debian: apt install tesseract-ocr tesseract-ocr-ind), "
    'or set ocr = "auto" and install pakar[ocr].'
)


class TesseractEngine:
    """Reads what its installed models can."""

    name = "Tesseract"

    def __init__(self, program: str, languages: Sequence[str]) -> None:
        self._program = program
        self._languages = "+".join(languages)

    def read(self, image: NDArray[np.uint8]) -> list[OcrLine]:
        """Raises SourceError where the program fails or takes too long."""
        height, width, _ = image.shape
        picture = b"P6 %d %d 255\n" % (width, height) + image.tobytes()
        command = [self._program, "-", "-", "-l", self._languages, "--psm", "3", "tsv"]
        table = _run(command, picture)
        rows = csv.DictReader(io.StringIO(table), delimiter="\t", quoting=csv.QUOTE_NONE)
        return list(_lines(rows))


def open_engine() -> TesseractEngine:
    """Raises MissingExtraError where the program or its models are not installed."""
    program = shutil.which("tesseract")
    if program is None:
        raise MissingExtraError("Tesseract is not installed", hint=_INSTALL)
    installed = _run([program, "--list-langs"], b"").split()
    languages = [name for name in _WANTED if name in installed]
    if not languages:
        raise MissingExtraError(f"Tesseract has no model for {' or '.join(_WANTED)}", hint=_INSTALL)
    return TesseractEngine(program, languages)


def _run(command: Sequence[str], picture: bytes) -> str:
    environment = {**os.environ, "OMP_THREAD_LIMIT": "1"}
    try:
        done = subprocess.run(
            command, input=picture, capture_output=True, timeout=_SECONDS, env=environment
        )
    except subprocess.TimeoutExpired:
        raise SourceError(
            f"Tesseract took longer than {_SECONDS} s for a page", hint="Leave the page out."
        ) from None
    if done.returncode != 0:
        reason = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        raise SourceError(f"Tesseract failed: {' '.join(reason):.200}", hint=_INSTALL)
    return done.stdout.decode("utf-8", "replace")


def _lines(rows: Iterator[dict[str, str]]) -> Iterator[OcrLine]:
    """Words of one line together; the table has a row a word, those of a line in a row."""
    words = (row for row in rows if row["level"] == "5" and row["text"].strip())
    keys = ("block_num", "par_num", "line_num")
    for _, group in groupby(words, key=lambda row: [row[key] for key in keys]):
        yield _line(list(group))


def _line(words: Sequence[dict[str, str]]) -> OcrLine:
    x0 = min(int(word["left"]) for word in words)
    y0 = min(int(word["top"]) for word in words)
    x1 = max(int(word["left"]) + int(word["width"]) for word in words)
    y1 = max(int(word["top"]) + int(word["height"]) for word in words)
    letters = sum(len(word["text"]) for word in words)
    sure = sum(float(word["conf"]) * len(word["text"]) for word in words) / letters / 100
    return OcrLine(
        " ".join(word["text"].strip() for word in words),
        ((x0, y0), (x1, y0), (x1, y1), (x0, y1)),
        max(0.0, min(1.0, sure)),
    )
