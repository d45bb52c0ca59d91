"""The folders of training runs: each holds the examples as they were when it began.

A run that was killed is found again here and gone on from. Knows files only, no models.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pakar.atomic_file import write_atomically
from pakar.training.rows import parse_row, to_line, to_row
from pakar.types import Example, Method

FOLDER = "training"
_EXAMPLES = "examples.jsonl"


def begin(run: Path, examples: Sequence[Example]) -> None:
    """Makes the folder of a run and keeps its examples there."""
    run.mkdir(parents=True, exist_ok=True)
    lines = "".join(f"{to_line(to_row(one))}\n" for one in examples)
    write_atomically(run / _EXAMPLES, lines.encode("utf-8", "surrogatepass"))


def unfinished(folder: Path) -> Path | None:
    """The newest run below a folder that was begun and not finished."""
    runs = [path for path in folder.glob("*") if (path / _EXAMPLES).is_file()]
    return max(runs, key=lambda path: (path / _EXAMPLES).stat().st_mtime, default=None)


def examples_of(run: Path) -> list[Example]:
    """The examples of a run, as they were when it began."""
    lines = (run / _EXAMPLES).read_text(encoding="utf-8").splitlines()
    return [parse_row(line) for line in lines]


def method_of(run: Path) -> Method:
    return "qlora" if run.name.startswith("qlora") else "lora"
