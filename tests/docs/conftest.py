"""A place where a page's snippets run: a few documents, and the command `pakar`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from markdown_blocks import ROOT

DOCUMENTS = {
    "cheque-books.md": """\
# Cheque books

## Fees

The first cheque book of a year is free. Every further cheque book costs 50 rupees.

## Delivery

A cheque book arrives within seven working days. It is sent by registered post.
""",
    "lockers.txt": """\
Lockers

A small locker costs 2,000 rupees a year. A large locker costs 8,000 rupees a year.
The rent is due on 1 April. A locker needs a refundable deposit of 10,000 rupees.
""",
}


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with `documents/` in it and nothing else."""
    folder = tmp_path / "work"
    (folder / "documents").mkdir(parents=True)
    for name, text in DOCUMENTS.items():
        (folder / "documents" / name).write_text(text, encoding="utf-8")
    command = tmp_path / "bin" / "pakar"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m pakar "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PATH", f"{command.parent}{os.pathsep}{os.environ['PATH']}")
    inherited = os.environ.get("PYTHONPATH", "")
    paths = [str(ROOT / "src"), *filter(None, [inherited])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))
    monkeypatch.setenv("COLUMNS", "84")
    return folder
