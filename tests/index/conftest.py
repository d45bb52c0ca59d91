"""A folder of text files with an index, new for every test."""

from __future__ import annotations

from pathlib import Path

import pytest
from line_folder import Folder


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)
