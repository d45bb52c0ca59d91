"""What an index was built with, so that it is never read with something else.

A small JSON file beside the table. Knows what must agree; knows neither embedders nor splitters.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

from pakar.atomic_file import write_atomically
from pakar.errors import IndexMismatchError, StoreError

FILE_NAME = "manifest.json"
FORMAT = 2
REINDEX = "Run: pakar reindex"

# What has to agree, and how a message names it. The rest only informs.
_BINDING = {
    "format": "index format",
    "embedder": "embedder",
    "fingerprint": "embedder's fingerprint",
    "dimensions": "vector dimensions",
    "splitter_version": "splitter version",
    "passage_tokens": "tokens a passage",
    "terms_version": "version of the words",
}


@dataclass(frozen=True, slots=True)
class Manifest:
    """The settings of an index, the sources that were added, and when by which pakar.

    `roots` are document names or folders of documents, in the order they were added. `created`
    is an ISO 8601 time with its zone.
    """

    embedder: str
    fingerprint: str
    dimensions: int
    splitter_version: int
    passage_tokens: int
    terms_version: int
    pakar_version: str
    created: str
    roots: tuple[str, ...] = ()
    format: int = FORMAT

    def with_roots(self, roots: Sequence[str]) -> Manifest:
        """The same manifest with these roots too; none is listed twice."""
        return replace(self, roots=tuple(dict.fromkeys([*self.roots, *roots])))

    def without_roots(self, roots: Sequence[str]) -> Manifest:
        return replace(self, roots=tuple(root for root in self.roots if root not in roots))


def load(folder: Path) -> Manifest | None:
    """The manifest in the index's folder; None where there is none yet.

    Raises StoreError where it is damaged, IndexMismatchError where it has another format.
    """
    path = folder / FILE_NAME
    try:
        data = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(
            f"{path}: cannot be read: {error.strerror}", hint="Check the file's permissions."
        ) from error
    except (ValueError, RecursionError) as error:
        raise _damaged(path, "not valid JSON") from error
    return _parse(path, data)


def save(folder: Path, manifest: Manifest) -> None:
    """Writes the manifest; a crash leaves the old one or the new one, whole."""
    text = json.dumps(asdict(manifest), ensure_ascii=False, indent=1)
    write_atomically(folder / FILE_NAME, text.encode("utf-8", "surrogatepass"))


def check(found: Manifest, wanted: Manifest) -> None:
    """Raises IndexMismatchError, naming both values, where an index does not fit the settings."""
    for name, label in _BINDING.items():
        _compare(label, getattr(found, name), getattr(wanted, name))


def binding(manifest: Manifest) -> dict[str, object]:
    """What an index's rows depend on, by the words that messages use."""
    return {label: getattr(manifest, name) for name, label in _BINDING.items()}


def _compare(label: str, found: object, wanted: object) -> None:
    if found != wanted:
        raise IndexMismatchError(
            f"the index was built with {label} {found!r}, the settings say {wanted!r}", hint=REINDEX
        )


def _parse(path: Path, data: object) -> Manifest:
    if not isinstance(data, dict):
        raise _damaged(path, "not an object")
    # Another format may have other keys, so it is compared before they are.
    if isinstance(data.get("format"), int):
        _compare(_BINDING["format"], data["format"], FORMAT)
    expected = {field.name for field in fields(Manifest)}
    if set(data) != expected:
        raise _damaged(path, f"wrong or missing keys: {sorted(set(data) ^ expected)}")
    for name, value in data.items():
        if not _has_type(name, value):
            raise _damaged(path, f"{name} is {value!r:.80}")
    return Manifest(**{**data, "roots": tuple(data["roots"])})


def _has_type(name: str, value: object) -> bool:
    if name == "roots":
        return isinstance(value, list) and all(isinstance(root, str) for root in value)
    if name in ("dimensions", "splitter_version", "passage_tokens", "terms_version", "format"):
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, str)


def _damaged(path: Path, why: str) -> StoreError:
    return StoreError(f"{path}: damaged: {why}", hint=REINDEX)
