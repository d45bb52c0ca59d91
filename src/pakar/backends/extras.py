"""Tells the user which extra brings a library that is not installed.

Knows only names; imports nothing itself, so a broken installed library still shows its own error.
"""

from __future__ import annotations

import importlib.util

from pakar.errors import MissingExtraError


def require(*modules: str, extra: str = "local") -> None:
    """Raises MissingExtraError for the first of these top-level modules that is not installed."""
    for module in modules:
        if importlib.util.find_spec(module) is None:
            raise MissingExtraError(
                f"{module} is not installed; this needs pakar[{extra}]",
                hint=f'In the checkout of pakar: pip install -c constraints.txt -e ".[{extra}]"',
            )
