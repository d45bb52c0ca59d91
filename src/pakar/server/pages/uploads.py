"""Files that come from a browser: their names, and their place in the expert's folder.

Knows names and files; what stands in them is found out when they are read.
"""

from __future__ import annotations

import os
import secrets
import shutil
import unicodedata
from pathlib import Path
from typing import BinaryIO

from pakar.flows.workplace import DERIVED
from pakar.server.problems import RequestError

FOLDER = "documents"
_MOST_BYTES_OF_NAME = 200


def plain_name(sent: str) -> str:
    """The name of a file as it may lie in the folder. Raises RequestError for one that is none."""
    last = sent.replace("\\", "/").rpartition("/")[2]
    kept = "".join(one for one in unicodedata.normalize("NFC", last) if one.isprintable())
    name = " ".join(kept.split())
    if not name.strip(". ") or name.startswith(".") or ":" in name:
        raise _refused(f"{sent!r:.100} is no name for a document")
    if len(name.encode("utf-8", "replace")) > _MOST_BYTES_OF_NAME:
        raise _refused(f"the name {name[:60]}… is too long")
    return name


def save(folder: Path, name: str, content: BinaryIO, *, replace: bool) -> str:
    """Puts a file into the folder of documents, whole or not at all; gives the document's name.

    Raises RequestError (409) where one of that name is there and shall not be replaced.
    """
    target = folder / FOLDER / name
    document = f"{FOLDER}/{name}"
    waiting = folder / DERIVED / "uploads"
    waiting.mkdir(parents=True, exist_ok=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = waiting / secrets.token_hex(8)
    try:
        with part.open("xb") as file:
            shutil.copyfileobj(content, file, 1 << 20)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            part.replace(target)
        else:
            _place_new(part, target, document)
    finally:
        part.unlink(missing_ok=True)
    return document


def _place_new(part: Path, target: Path, document: str) -> None:
    try:
        # Unlike a rename, a link never puts itself in another file's place.
        target.hardlink_to(part)
    except FileExistsError:
        raise RequestError(
            f"{document} is there already",
            status=409,
            code="exists",
            hint="Replace it, or give the new file another name.",
        ) from None


def _refused(why: str) -> RequestError:
    return RequestError(why, status=400, code="bad_name", hint="Rename the file.")
