"""The versions of an index: which documents it held, when, and with which settings.

One small JSON file a version, below `.pakar/history/versions`. Knows names and hashes; texts and
passages lie elsewhere, found by them. Numbers are never given twice.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pakar.atomic_file import write_atomically
from pakar.errors import StoreError


@dataclass(frozen=True, slots=True)
class Version:
    """The index at one moment.

    `command` is what made it. `documents` maps names to content hashes, `settings` holds what an
    index's rows depend on, by the words that messages use. `created` is an ISO 8601 time with its
    zone.
    """

    number: int
    created: str
    command: str
    passages: int
    documents: Mapping[str, str]
    roots: tuple[str, ...] = ()
    settings: Mapping[str, object] = field(default_factory=dict)

    @property
    def age(self) -> timedelta:
        return datetime.now(UTC) - datetime.fromisoformat(self.created)


class VersionLog:
    """All versions that are kept, in a folder. Only the holder of the index's lock writes."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> list[Version]:
        """The oldest first. Raises StoreError where a file is damaged."""
        return [_parse(path) for path in sorted(self._path.glob("*.json"))]

    def newest(self) -> Version | None:
        paths = sorted(self._path.glob("*.json"))
        return _parse(paths[-1]) if paths else None

    def write(self, version: Version) -> None:
        """Adds a version, or puts it in the place of the one with its number."""
        text = json.dumps(asdict(version), ensure_ascii=False)
        write_atomically(self._file(version.number), text.encode("utf-8", "surrogatepass"))

    def prune(self, most: int, days: int) -> None:
        """Deletes all but the newest `most`, and those older than `days`; the newest stays."""
        versions = self.load()
        for place, version in enumerate(reversed(versions)):
            if place and (place >= most or version.age > timedelta(days=days)):
                self.delete(version.number)

    def delete(self, number: int) -> None:
        self._file(number).unlink(missing_ok=True)

    def _file(self, number: int) -> Path:
        return self._path / f"{number:09}.json"


def contents(versions: Sequence[Version]) -> Iterator[tuple[str, str]]:
    """Name and content hash of every document that one of the versions holds."""
    for version in versions:
        yield from version.documents.items()


def _parse(path: Path) -> Version:
    try:
        data = json.loads(path.read_bytes())
        version = Version(**{**data, "roots": tuple(data["roots"])})
        if not isinstance(version.documents, dict) or not isinstance(version.number, int):
            raise TypeError("documents or number")
        _ = version.age
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise StoreError(
            f"{path}: damaged: not a version's record",
            hint="Delete that file; the index itself is not affected.",
        ) from error
    return version
