"""Which index is in force: a rebuilt one takes over in one step.

Below `.pakar/`, each index has a folder `index-N` of its own, and the file `current` names the one
in force. Knows folders and that file only.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from pakar.atomic_file import write_atomically
from pakar.errors import StoreError

POINTER = "current"
_NAME = re.compile(r"index-(\d{1,9})\Z")


def current(derived: Path) -> Path:
    """The folder of the index in force; the first one's where there is none yet."""
    try:
        name = (derived / POINTER).read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return derived / "index-1"
    except (OSError, UnicodeDecodeError) as error:
        raise _damaged(derived, str(error)) from error
    if not _NAME.match(name):
        raise _damaged(derived, f"names {name!r:.60}")
    return derived / name


def following(derived: Path) -> Path:
    """An empty folder for the next index; what a killed rebuild left there is removed."""
    number = _NAME.match(current(derived).name)
    folder = derived / f"index-{int(number.group(1)) + 1 if number else 1}"
    shutil.rmtree(folder, ignore_errors=True)
    return folder


def take_over(derived: Path, folder: Path) -> None:
    """Puts `folder` in force, at once and for good, and deletes all others."""
    write_atomically(derived / POINTER, folder.name.encode())
    for other in derived.glob("index-*"):
        if other != folder and _NAME.match(other.name):
            shutil.rmtree(other, ignore_errors=True)


def _damaged(derived: Path, why: str) -> StoreError:
    return StoreError(
        f"{derived / POINTER}: damaged: {why}",
        hint="Delete the .pakar folder and run: pakar add (documents are not in it).",
    )
