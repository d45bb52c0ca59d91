"""Excel workbooks (.xlsx, .xlsm): every sheet a table, cells as they are shown.

Knows the parts of a workbook: sheets, styles, shared texts. Formulas are read by the values that
were saved with them; nothing is computed, no macro is run, no link is followed.
"""

from __future__ import annotations

import posixpath
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pakar.documents.office import check_package
from pakar.documents.tables.blocks import tables_of
from pakar.documents.tables.model import RawTable
from pakar.documents.tables.xlsx_formats import BUILTIN, GENERAL
from pakar.documents.tables.xlsx_sheet import Looks, Sheet, local, parse_events
from pakar.errors import SourceError

if TYPE_CHECKING:
    from lxml.etree import _Element

_RELATIONS = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_MOST_UNPACKED = 2_000_000_000
_MOST_TEXTS = 5_000_000


@dataclass(frozen=True, slots=True)
class _Listed:
    """A sheet as the workbook lists it."""

    name: str
    part: str
    hidden: bool


def read_xlsx(path: Path, *, hidden_sheets: bool = False) -> Iterator[RawTable]:
    """The tables of all sheets in order; hidden ones only when asked for.

    Raises SourceError where the workbook is damaged, protected, or made to exhaust memory.
    """
    check_package(path, most_markup=_MOST_UNPACKED, most_unpacked=_MOST_UNPACKED)
    with zipfile.ZipFile(path) as archive:
        listed, from_1904 = _workbook(archive)
        hidden = [sheet.name for sheet in listed if sheet.hidden and not hidden_sheets]
        shown = [sheet for sheet in listed if sheet.name not in hidden]
        looks = Looks(_texts(archive), _formats(archive), from_1904)
        warnings = [_about_hidden(hidden)] if hidden else []
        for entry in shown:
            sheet = Sheet(archive, entry.part, looks)
            for table in tables_of(sheet.rows(), entry.name):
                sheet.notes += warnings
                # What is noted at a sheet's end is told with its last table.
                table.warnings, warnings = sheet.notes, []
                yield table
                sheet.notes = []
        if warnings and not shown:
            raise SourceError(
                "has hidden sheets only", hint="Show them, or set tables.hidden_sheets = true."
            )


def _about_hidden(names: list[str]) -> str:
    listed = ", ".join(repr(name) for name in names[:5]) + (" ..." if len(names) > 5 else "")
    return f"hidden sheets are not read: {listed} (tables.hidden_sheets in pakar.toml)"


def _workbook(archive: zipfile.ZipFile) -> tuple[list[_Listed], bool]:
    part = "xl/workbook.xml"
    targets = _targets(archive, part)
    listed, from_1904 = [], False
    for element in _elements(archive, part, ("sheet", "workbookPr")):
        if local(element) == "workbookPr":
            from_1904 = element.get("date1904") in ("1", "true")
            continue
        target = targets.get(element.get(_RELATIONS) or "", ("", ""))
        if target[1].endswith("/worksheet"):  # charts and macro sheets hold no tables
            hidden = element.get("state") in ("hidden", "veryHidden")
            listed.append(_Listed(element.get("name") or "", target[0], hidden))
    return listed, from_1904


def _targets(archive: zipfile.ZipFile, part: str) -> dict[str, tuple[str, str]]:
    """Id to part and type of what a part refers to inside the workbook."""
    folder, name = posixpath.split(part)
    found = {}
    for element in _elements(archive, f"{folder}/_rels/{name}.rels", ("Relationship",)):
        if element.get("TargetMode") == "External":
            continue
        target = element.get("Target") or ""
        whole = target[1:] if target.startswith("/") else posixpath.normpath(f"{folder}/{target}")
        found[element.get("Id") or ""] = (whole, element.get("Type") or "")
    return found


def _texts(archive: zipfile.ZipFile) -> list[str]:
    texts: list[str] = []
    if "xl/sharedStrings.xml" not in archive.namelist():
        return texts
    for element in _elements(archive, "xl/sharedStrings.xml", ("si",)):
        texts.append(_text_of(element))
        if len(texts) > _MOST_TEXTS:
            raise SourceError(
                f"holds more than {_MOST_TEXTS:,} texts", hint="Save it as CSV, and add that."
            )
    return texts


def _text_of(element: _Element) -> str:
    """All runs of a rich text, without readings above East Asian words."""
    parts = [
        one.text or ""
        for one in element.iter()
        if local(one) == "t" and local(one.getparent()) != "rPh"
    ]
    return "".join(parts)


def _formats(archive: zipfile.ZipFile) -> list[str]:
    """The format code of every style of cells."""
    if "xl/styles.xml" not in archive.namelist():
        return [GENERAL]
    own: dict[int, str] = {}
    codes: list[str] = []
    for element in _elements(archive, "xl/styles.xml", ("numFmt", "cellXfs")):
        if local(element) == "numFmt":
            own[int(element.get("numFmtId") or 0)] = element.get("formatCode") or GENERAL
            continue
        for style in element:
            number = int(style.get("numFmtId") or 0)
            codes.append(own.get(number) or BUILTIN.get(number, GENERAL))
    return codes or [GENERAL]


def _elements(archive: zipfile.ZipFile, part: str, names: tuple[str, ...]) -> Iterator[_Element]:
    try:
        stream = archive.open(part)
    except KeyError as error:
        raise SourceError(
            f"is damaged: it lacks {part}", hint="Open it in its program and save it anew."
        ) from error
    with stream:
        for _, element in parse_events(stream, names):
            yield element
            if local(element) != "numFmt":
                element.clear()
