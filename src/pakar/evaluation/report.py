"""placeholder"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pakar.evaluation.comparison import Comparison


def html_page(done: Comparison) -> str:
    return ""


def markdown_page(done: Comparison) -> str:
    return ""
