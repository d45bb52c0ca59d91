"""Fixtures of tables; see `computing_tables`."""

from __future__ import annotations

from computing_tables import branches, make_table

__all__ = ["branches", "make_table"]
