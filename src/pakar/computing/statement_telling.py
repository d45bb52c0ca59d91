"""What was worked out of a statement, as text: as it was understood, and how it came about.

The words lie in `phrases/LANGUAGE/answer.txt`. Knows formulas; computes nothing.
"""

from __future__ import annotations

from decimal import Decimal
from string import Template

from pakar.computing.compute import Worked
from pakar.computing.formula import Figure, Formula
from pakar.computing.telling import formatted
from pakar.computing.words import phrases


def told_worked(worked: Worked) -> str:
    """One line: what, and the value with its unit and scale."""
    scale = f" ({worked.scale})" if worked.scale and _has_scale(worked.formula) else ""
    return f"{_asked(worked)}: {_result(worked)}{scale}"


def _asked(worked: Worked) -> str:
    formula = worked.formula
    first, last = formula.figures[0], formula.figures[-1]
    years = sorted({one.period.header for one in formula.figures}, key=_headers(formula).index)
    key = {"average": "average of", "sum": "sum of"}.get(formula.operation, formula.operation)
    label, other = first.line.label, last.line.label
    if key in ("average of", "sum of") and other != label:
        label = f"{label}, {other}"
    template = phrases(worked.language, "answer")[key]
    return Template(template).substitute(
        {
            "label": label,
            "other": other,
            "from": last.period.header,
            "to": first.period.header,
            "years": ", ".join(years),
        }
    )


def _headers(formula: Formula) -> list[str]:
    return [one.period.header for one in formula.figures]


def _result(worked: Worked) -> str:
    formula, language = worked.formula, worked.language
    if formula.operation == "lookup":
        return ", ".join(_figure(one, language) for one in formula.figures)
    if formula.operation == "which year":
        return ", ".join(str(one) for one in formula.years)
    value = formula.value() or Decimal(0)
    return _with_unit(formatted(_rounded(value), language), formula.unit)


def _rounded(value: Decimal) -> Decimal:
    """Two decimals say enough of a quotient; sums keep what their figures have."""
    return value if value == round(value, 4) else round(value, 2)


def _figure(one: Figure, language: str) -> str:
    return _with_unit(formatted(one.value, language), one.amount.unit)


def _with_unit(number: str, unit: str) -> str:
    if unit == "%":
        return f"{number}%"
    if number.startswith("-"):
        return f"-{unit}{number[1:]}"
    return f"{unit}{number}"


def _has_scale(formula: Formula) -> bool:
    plain = ("percent change", "share", "ratio", "which year", "how many years")
    return formula.operation not in plain and formula.unit != "%"
