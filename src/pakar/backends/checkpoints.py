"""Finds the checkpoint from which a killed training can go on.

transformers writes a checkpoint file by file, so a kill can leave half of one. A mark is written
behind the last file; what has none is deleted. Knows folders, no weights.
"""

from __future__ import annotations

import shutil
from pathlib import Path

_MARK = "complete"


def mark_complete(folder: Path) -> None:
    """Called when all files of a checkpoint are written."""
    (folder / _MARK).touch()


def newest_complete(runs: Path) -> Path | None:
    """The checkpoint with the most steps; deletes the halves that a kill has left."""
    complete: dict[int, Path] = {}
    for folder in runs.glob("checkpoint-*"):
        steps = folder.name.rpartition("-")[2]
        if steps.isdigit() and (folder / _MARK).is_file():
            complete[int(steps)] = folder
        else:
            shutil.rmtree(folder, ignore_errors=True)
    return complete[max(complete)] if complete else None
