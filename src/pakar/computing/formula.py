"""What is worked out from a few cells of a statement: a typed formula, checked and shown as such.

Exact decimal arithmetic. Knows cells and no question.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from pakar.computing.amounts import Amount
from pakar.computing.statement import Line, Period

Operation = Literal[
    "lookup", "change", "percent change", "difference", "average", "sum", "ratio", "share",
    "which year", "how many years",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Figure:
    """One cell: its line, its period, its amount."""

    line: Line
    period: Period

    @property
    def amount(self) -> Amount:
        return self.line.amounts[self.period.column]

    @property
    def value(self) -> Decimal:
        return self.amount.value


@dataclass(frozen=True, slots=True)
class Formula:
    """An operation over figures, in order: of a change first the new, then the old.

    `years` is the result of the operations that ask for years.
    """

    operation: Operation
    figures: tuple[Figure, ...]
    years: tuple[int, ...] = ()

    @property
    def unit(self) -> str:
        """ "%" for what comes out as a share; else what all figures have beside them."""
        if self.operation in ("percent change", "share"):
            return "%"
        units = {one.amount.unit for one in self.figures if one.amount.unit}
        if self.operation == "ratio" or len(units) != 1:
            return ""
        return units.pop()

    def value(self) -> Decimal | None:
        """The number that comes out; None where it is none, or a division by nothing."""
        values = [one.value for one in self.figures]
        if self.operation in ("lookup", "which year"):
            return None
        if self.operation == "how many years":
            return Decimal(len(self.years))
        if self.operation in ("sum", "average"):
            total = sum(values, Decimal(0))
            return total if self.operation == "sum" else total / len(values)
        first, second = values
        if self.operation in ("change", "difference"):
            return first - second
        if second == 0:
            return None
        if self.operation == "percent change":
            return (first - second) / second * 100
        return first / second * (100 if self.operation == "share" else 1)

    def shown(self, cells: Sequence[str]) -> str:
        """The formula over the names of its cells, as a spreadsheet has it."""
        if self.operation in ("sum", "average"):
            return f"{self.operation.upper()}({', '.join(cells)})"
        if self.operation in ("change", "difference"):
            return f"{cells[0]} - {cells[1]}"
        if self.operation == "percent change":
            return f"({cells[0]} - {cells[1]}) / {cells[1]} * 100"
        if self.operation in ("ratio", "share"):
            return f"{cells[0]} / {cells[1]}" + (" * 100" if self.operation == "share" else "")
        return ", ".join(cells)
