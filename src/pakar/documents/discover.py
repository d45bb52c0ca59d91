"""Finds the files that are to be read: what the user named, and what lies in folders.

Knows file systems and names; opens no document, save one that was named itself and whose name
does not say what it is. What cannot be read is told apart: failures are for the user to mend,
skipped files are of no interest to most.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pakar.documents.mediatype import (
    DATABASE_FILES,
    READABLE,
    detect_media_type,
    kind_by_name,
    readable_by_name,
)
from pakar.documents.tables.address import Address, is_address, parse, without_secret
from pakar.documents.tables.sources import names_of_tables
from pakar.errors import SourceError
from pakar.types import Failure

_OWN_FOLDER = ".pakar"
_SYSTEM_FILES = ("thumbs.db", "desktop.ini", "ehthumbs.db")
_TEMPORARY_ENDINGS = (".tmp", ".part", ".crdownload", ".swp", ".bak", "~")


@dataclass(frozen=True, slots=True)
class Found:
    """A file or a database's table to read. `name` is how the user knows it.

    A part of another source (`unpack.py`) has the `digest` of its bytes, the title of what it
    came `within`, how many sources `depth` lie around it, and perhaps a `temporary` file.
    """

    name: str
    path: Path
    address: Address | None = None
    digest: str = ""
    within: str = ""
    depth: int = 0
    temporary: bool = False


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file or link in a folder that is passed over, and why."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Discovery:
    """What the sources lead to. `roots` are the names of the sources that exist."""

    found: tuple[Found, ...] = ()
    failures: tuple[Failure, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    roots: tuple[str, ...] = ()


def discover(
    sources: Sequence[str], folder: Path, here: Path | None = None, *, seconds: int = 600
) -> Discovery:
    """The files that `sources` name, and those in the folders that they name, in order.

    `folder` is the expert's: names below it are relative to it. Folders are read with all below
    them, sorted by name; hidden and temporary files are left out. Each file is found once.
    """
    search = _Search(folder, here or Path(), seconds)
    for source in sources:
        search.source(source)
    return Discovery(
        tuple(search.found), tuple(search.failures), tuple(search.skipped), tuple(search.roots)
    )


def document_name(path: Path, folder: Path) -> str:
    """The path below `folder` where it lies there, else the absolute path; forward slashes."""
    plain = Path(os.path.abspath(path))  # noqa: PTH100  a link named by the user keeps its name
    for inner, outer in ((plain, Path(os.path.abspath(folder))),  # noqa: PTH100
                         (plain.parent.resolve() / plain.name, folder.resolve())):  # fmt: skip
        if inner.is_relative_to(outer):
            return inner.relative_to(outer).as_posix()
    return plain.as_posix()


@dataclass
class _Search:
    """Collects findings while it walks; remembers what it has been to."""

    folder: Path
    here: Path
    seconds: int
    found: list[Found] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    roots: list[str] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    folders: set[tuple[int, int]] = field(default_factory=set)

    def source(self, source: str) -> None:
        """One thing that the user named."""
        if is_address(source):
            self._database(source)
            return
        path = Path(source)
        try:
            mode = path.stat().st_mode if source.strip() else None
        except (OSError, ValueError) as error:
            self._cannot_open(source, error)
            return
        if mode is None:
            self._fail(source, "an empty name is no source", "name a file or a folder")
            return
        name = document_name(path, self.folder)
        if not _is_unicode(name):
            self._bad_name(name)
        elif _OWN_FOLDER in Path(name).parts:
            self._fail(name, "is pakar's own folder", "name the folder that holds your documents")
        elif stat.S_ISDIR(mode):
            self.roots.append(name)
            self._walk(path, path.resolve())
        else:
            self.roots.append(name)
            self._named_file(path, name, mode)

    def _database(self, source: str) -> None:
        try:
            address = parse(source, self.here, self.folder)
            tables = [address]
            if not address.table and not address.query:
                names = names_of_tables(address, self.seconds)
                tables = [address.of_table(name) for name in names]
        except SourceError as error:
            self._fail(without_secret(source), str(error), error.hint)
            return
        self.roots.append(address.document)
        for table in tables:
            if table.document not in self.names:
                self.names.add(table.document)
                self.found.append(Found(table.document, table.path, table))

    def _named_file(self, path: Path, name: str, mode: int) -> None:
        if not stat.S_ISREG(mode):
            self._fail(name, "is neither a file nor a folder", f"pakar reads {READABLE}")
            return
        if path.suffix.lower() in DATABASE_FILES:
            self._fail(name, "is a database", f"name its tables: pakar add sqlite:///{name}#TABLE")
            return
        if not readable_by_name(path):
            try:
                detect_media_type(path)
            except SourceError as error:
                self._fail(name, str(error), error.hint)
                return
            except OSError as error:
                self._cannot_open(name, error)
                return
        self._add(path, name)

    def _walk(self, place: Path, root: Path) -> None:
        """All below a folder, without recursion: folders may lie deeper than Python's stack."""
        waiting = [place]
        while waiting:
            here = waiting.pop()
            if self._has_been_to(here):
                continue
            inner: list[Path] = []
            for entry in self._entries(here):
                if entry.is_symlink():
                    self._link(Path(entry.path), root)
                elif entry.is_dir():
                    inner.append(Path(entry.path))
                else:
                    self._file(entry)
            waiting += reversed(inner)

    def _entries(self, place: Path) -> Iterator[os.DirEntry[str]]:
        """What lies in a folder, sorted, without what is hidden, temporary or badly named."""
        try:
            with os.scandir(place) as listing:
                entries = sorted(listing, key=lambda entry: os.fsencode(entry.name))
        except OSError as error:
            self._cannot_open(document_name(place, self.folder), error)
            return
        for entry in entries:
            if is_passed_over(entry.name):
                continue
            if _is_unicode(entry.name):
                yield entry
            else:
                self._bad_name(document_name(Path(entry.path), self.folder))

    def _file(self, entry: os.DirEntry[str]) -> None:
        path = Path(entry.path)
        name = document_name(path, self.folder)
        if not entry.is_file():
            self.skipped.append(Skipped(name, "is neither a file nor a folder"))
        elif _is_own(name):
            self.skipped.append(Skipped(name, "the expert's own questions or examples"))
        elif not readable_by_name(path):
            self.skipped.append(Skipped(name, f"{kind_by_name(path)}: not read"))
        else:
            self._add(path, name)

    def _link(self, path: Path, root: Path) -> None:
        """A link within the folder leads to what is read anyway; one that leaves it is a door."""
        name = document_name(path, self.folder)
        try:
            target = path.resolve(strict=True)
        except (OSError, RuntimeError):
            self._fail(name, "is a link that leads nowhere", "mend or remove the link")
            return
        if not target.is_relative_to(root):
            reason = f"a link to {target.as_posix()}, outside the folder; name it to add it"
            self.skipped.append(Skipped(name, reason))
        elif path.parent.resolve().is_relative_to(target):
            self._fail(name, "is a link to a folder that holds it", "remove the link")
        else:
            self.skipped.append(Skipped(name, "a link to what is read under its own name"))

    def _add(self, path: Path, name: str) -> None:
        if name not in self.names:
            self.names.add(name)
            self.found.append(Found(name, path))

    def _has_been_to(self, path: Path) -> bool:
        """The folder was read before, perhaps under another name; it is from now on."""
        try:
            status = path.stat()
        except OSError as error:
            self._cannot_open(document_name(path, self.folder), error)
            return True
        key = (status.st_dev, status.st_ino)
        if key in self.folders:
            return True
        self.folders.add(key)
        return False

    def _bad_name(self, name: str) -> None:
        shown = name.encode("utf-8", "backslashreplace").decode("utf-8")
        self._fail(shown, "has a name that is not valid UTF-8", "rename it")

    def _cannot_open(self, name: str, error: OSError | ValueError) -> None:
        if isinstance(error, FileNotFoundError | NotADirectoryError):
            self._fail(
                name, "does not exist", "check the spelling; if it is gone for good: pakar remove"
            )
        elif isinstance(error, PermissionError):
            self._fail(name, "may not be read", "change its permissions, or leave it out")
        else:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            self._fail(name, f"cannot be opened: {reason}", "check the path")

    def _fail(self, source: str, error: str, hint: str) -> None:
        shown = source.encode("utf-8", "backslashreplace").decode("utf-8")
        self.failures.append(Failure(shown, error, hint))


def _is_own(name: str) -> bool:
    """Held-out questions and training data of the expert itself: found, they would be answers."""
    return name == "questions.jsonl" or (
        name.startswith("examples/") and name.lower().endswith((".jsonl", ".csv", ".tsv"))
    )


def is_passed_over(name: str) -> bool:
    """Whether a file or folder of this name is left out of folders: hidden or temporary."""
    lower = name.lower()
    return (
        name.startswith((".", "~$")) or lower in _SYSTEM_FILES or lower.endswith(_TEMPORARY_ENDINGS)
    )


def _is_unicode(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
