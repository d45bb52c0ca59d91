"""Opens Word and PowerPoint files, and refuses those that cannot or should not be opened.

Knows the package around the content: passwords, old formats, damage, archives made to exhaust
memory. What the content means is in `docx.py` and `pptx.py`.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from pakar.documents.decoding import naming
from pakar.documents.invisible import InvisibleText
from pakar.errors import SourceError
from pakar.ports import Extracted

if TYPE_CHECKING:
    from lxml.etree import _Element

_MOST_UNPACKED = 500_000_000
_MOST_MARKUP = 200_000_000
_MOST_MEMBERS = 20_000
# Text compresses ten- to fiftyfold. More is suspicious once it is also much in total.
_MOST_RATIO = 200
_RATIO_MATTERS = 20_000_000
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_STRICT = b"purl.oclc.org/ooxml/officeDocument/relationships/officeDocument"
_DAMAGED = "Open it in its program, save it again, or leave it out."
_HOSTILE = "The file is damaged or was made to do harm: leave it out."


class DocxReader:
    """Reads Word documents (.docx, .docm, .dotx)."""

    def __init__(self, *, invisible_text: bool = False) -> None:
        """`invisible_text` keeps words that nobody sees."""
        self._invisible_text = invisible_text

    def read(self, path: Path) -> Extracted:
        """Raises SourceError where the file is damaged, encrypted or no Word document."""
        check_package(path)
        from docx import Document

        from pakar.documents.docx import extract

        try:
            with naming(path):
                document = Document(str(path))
                _refuse_doctype(document.element)
                return extract(document, InvisibleText(keep=self._invisible_text))
        except SourceError:
            raise
        except Exception as error:
            raise _unreadable(path, "Word document", error) from error


class PptxReader:
    """Reads presentations (.pptx, .pptm, .ppsx)."""

    def read(self, path: Path) -> Extracted:
        """Raises SourceError where the file is damaged, encrypted or no presentation."""
        check_package(path)
        from pptx import Presentation

        from pakar.documents.pptx import extract

        try:
            with naming(path):
                presentation = Presentation(str(path))
                _refuse_doctype(presentation.element)
                return extract(presentation)
        except SourceError:
            raise
        except Exception as error:
            raise _unreadable(path, "presentation", error) from error


def check_package(
    path: Path, *, most_markup: int = _MOST_MARKUP, most_unpacked: int = _MOST_UNPACKED
) -> None:
    """Raises SourceError where a file is no Office package that can be opened safely."""
    try:
        with path.open("rb") as stream:
            head = stream.read(len(_OLE))
        if head == _OLE:
            raise _old_or_encrypted(path)
        with zipfile.ZipFile(path) as archive:
            _check_members(path, archive.infolist(), most_markup, most_unpacked)
            _refuse_strict(path, archive)
    except OSError as error:
        raise SourceError(
            f"{path.name}: cannot be opened: {error.strerror or error}",
            hint="Check that the file exists and that you may read it.",
        ) from error
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise SourceError(f"{path.name}: is damaged: {error}", hint=_DAMAGED) from error


def _check_members(
    path: Path, members: list[zipfile.ZipInfo], most_markup: int, most_unpacked: int
) -> None:
    if any(member.flag_bits & 1 for member in members):
        raise _protected(path)
    total = sum(member.file_size for member in members)
    markup = sum(m.file_size for m in members if m.filename.lower().endswith((".xml", ".rels")))
    packed = max(1, path.stat().st_size)
    if len(members) > _MOST_MEMBERS:
        reason = f"holds {len(members):,} parts, at most {_MOST_MEMBERS:,} are read"
    elif total > most_unpacked:
        reason = f"unpacks to {total:,} bytes, at most {most_unpacked:,} are read"
    elif markup > most_markup:
        reason = f"holds {markup:,} bytes of markup, at most {most_markup:,} are read"
    elif total > _RATIO_MATTERS and total > _MOST_RATIO * packed:
        reason = f"unpacks to {total // packed:,} times its size"
    else:
        return
    raise SourceError(f"{path.name}: {reason}", hint=_HOSTILE)


def _refuse_strict(path: Path, archive: zipfile.ZipFile) -> None:
    """The rare "Strict Open XML" variant uses other namespaces throughout."""
    if "_rels/.rels" in archive.namelist() and _STRICT in archive.read("_rels/.rels"):
        raise SourceError(
            f"{path.name}: is in the Strict Open XML variant, which is not read",
            hint="Save it as an ordinary .docx, .pptx or .xlsx and add that file.",
        )


def _old_or_encrypted(path: Path) -> SourceError:
    if _ENCRYPTED in path.read_bytes():
        return _protected(path)
    return SourceError(
        f"{path.name}: is in the Office format from before 2007",
        hint="Save it as .docx or .pptx and add that file.",
    )


def _protected(path: Path) -> SourceError:
    return SourceError(
        f"{path.name}: is protected with a password",
        hint="Save a copy without the password and add that file.",
    )


def _refuse_doctype(element: _Element) -> None:
    """Office never writes a document type; one is there only to define entities."""
    if element.getroottree().docinfo.doctype:
        raise SourceError("defines XML entities, which Office files never do", hint=_HOSTILE)


def _unreadable(path: Path, kind: str, error: Exception) -> SourceError:
    """The libraries raise whatever the damage led to (KeyError, AttributeError, XML errors)."""
    first_line = (str(error).splitlines() or [""])[0][:200]
    detail = f"{type(error).__name__}: {first_line}" if first_line else type(error).__name__
    return SourceError(f"{path.name}: cannot be read as a {kind} ({detail})", hint=_DAMAGED)
