"""The history of one expert on the disk: its versions, and what left the index since.

    .pakar/history/
      versions/N.json   which documents a version held
      rows/             passages that left, by document and content

The documents' texts stay with those of the index. Knows what takes how much room; decides nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pakar.backends.row_files import RowFiles
from pakar.config import History
from pakar.index import manifest
from pakar.index.manifest import Manifest
from pakar.index.texts import TextStore
from pakar.index.versions import VersionLog, contents

FOLDER = "history"
_MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class Archive:
    """The history of one expert on the disk. `derived` is its folder of derived files."""

    derived: Path
    settings: History

    @property
    def log(self) -> VersionLog:
        return VersionLog(self.derived / FOLDER / "versions")

    def files(self, known: Manifest) -> RowFiles:
        """The passages that left an index with these settings."""
        key = json.dumps(manifest.binding(known), sort_keys=True)
        return RowFiles(self.derived / FOLDER / "rows", known.dimensions, key)

    def named(self) -> set[tuple[str, str]]:
        """Name and content hash of all that a kept version holds."""
        return set(contents(self.log.load()))

    def megabytes(self, texts: TextStore, now: Mapping[str, str]) -> float:
        """What the history takes on the disk, in 10^6 bytes; the index as it is not counted."""
        files = (self.derived / FOLDER).rglob("*")
        own = sum(path.stat().st_size for path in files if path.is_file())
        left = sum(texts.size(*pair) for pair in self.named() - set(now.items()))
        return (own + left) / _MEGABYTE
