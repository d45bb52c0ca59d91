"""From a question to a formula over a statement, or to the reason why there is none.

What is left of a question beside operation and years has to be the name of a line, no word over.
Knows how words are matched with lines and periods.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pakar.computing.conditions import UnreadableError
from pakar.computing.formula import Figure, Formula, Operation
from pakar.computing.statement import Line, Period, Statement, content
from pakar.computing.statement_words import Asked, Word, readings

_SERIES: dict[str, Operation] = {"average": "average", "sum": "sum"}
_CHANGES: dict[str, Operation] = {"change": "change", "percent change": "percent change"}
_PAIRS: dict[str, Operation] = {"ratio": "ratio", "share": "share", "change": "difference"}
# Words of labels that name nothing alone.
_GENERAL = frozenset({"total", "net", "other", "less", "gross", "amount", "jumlah", "lain"})
_EACH = frozenset({"respective", "respectively", "each", "masing"})


@dataclass(frozen=True, slots=True)
class _Match:
    """A line for some words; `header` are words that must be a period's, `missing` counts the
    label's words that were not said."""

    line: Line
    header: frozenset[str]
    missing: int


def read_statement(question: str, statement: Statement, language: str) -> Formula:
    """The only reading of the question over this statement.

    Raises UnreadableError where there is none, or where two of them come out differently.
    """
    found: list[tuple[int, Formula]] = []
    for asked in readings(question, language):
        found += _Reader(statement, asked, language).formulas()
    best = min((missing for missing, _ in found), default=0)
    formulas = [one for missing, one in found if missing == best]
    if not formulas:
        raise UnreadableError("no line of the statement is asked for")
    if len({(one.value(), one.years, _values(one)) for one in formulas}) > 1:
        raise UnreadableError("it can be read in ways that differ")
    return formulas[0]


def _values(formula: Formula) -> tuple[object, ...]:
    return tuple(one.value for one in formula.figures) if formula.operation == "lookup" else ()


class _Reader:
    """One reading of the words, against one statement."""

    def __init__(self, statement: Statement, asked: Asked, language: str) -> None:
        self._statement = statement
        self._asked = asked
        self._language = language
        shared = [one.words for one in statement.periods]
        common = frozenset.intersection(*shared)
        self._general = (statement.about - frozenset().union(*shared)) | common

    def formulas(self) -> Iterator[tuple[int, Formula]]:
        asked = self._asked
        operation = asked.operations[0] if asked.operations else ""
        if operation in ("which year", "how many years"):
            yield from self._years(asked.operations)
        elif not operation:
            yield from self._lookup()
        elif operation in _SERIES:
            yield from self._series(_SERIES[operation])
        elif operation in _CHANGES:
            yield from self._change(_CHANGES[operation])
        if operation in (*_PAIRS, *_SERIES):
            yield from self._pair(operation)

    def _lookup(self) -> Iterator[tuple[int, Formula]]:
        match = self._one_line()
        if match is None or (len(self._asked.years) > 1 and not self._each()):
            return
        figures = self._figures(match, self._span() or self._all_years())
        if figures and (self._asked.years or len(figures) == 1):
            yield match.missing, Formula("lookup", figures)

    def _series(self, operation: Operation) -> Iterator[tuple[int, Formula]]:
        match = self._one_line()
        if match is None or self._each() or self._names_label(operation):
            return
        figures = self._figures(match, self._span() or self._all_years())
        if len(figures) > 1 and any(one.value > 0 for one in figures):
            # Costs in brackets: whether their mean is asked with the minus or without is not said.
            yield match.missing, Formula(operation, figures)

    def _names_label(self, operation: Operation) -> bool:
        """ "Total expenses in 2018 and 2019" over a line "Total expenses": its sum, or both?"""
        whole = self._line((*self._asked.said, *self._asked.words))
        return operation == "sum" and whole is not None and not whole.missing

    def _change(self, operation: Operation) -> Iterator[tuple[int, Formula]]:
        match = self._one_line()
        years = self._asked.years or self._all_years()
        if match is None or len(years) != 2 or self._asked.backwards:
            return
        figures = self._figures(match, years)
        if len(figures) == 2:
            yield match.missing, Formula(operation, figures[::-1])

    def _pair(self, operation: str) -> Iterator[tuple[int, Formula]]:
        """Two lines in one period: "the ratio of A to B in 2019"."""
        years = self._asked.years or self._all_years()
        if len(years) > 1:
            return
        for left, right in self._halves(operation):
            first, second = self._line(left), self._line(right)
            if first is None or second is None or first.line is second.line:
                continue
            header = first.header | second.header
            figures = [
                figure
                for one in (first, second)
                for figure in self._figures(_Match(one.line, header, 0), years)
            ]
            if len(figures) == 2:
                kind = _PAIRS.get(operation) or _SERIES[operation]
                yield first.missing + second.missing, Formula(kind, tuple(figures))

    def _one_line(self) -> _Match | None:
        """The line for all words, unless they name two lines that are joined."""
        for left, right in self._halves(""):
            halves = self._line(left), self._line(right)
            if all(one is not None and not one.missing for one in halves):
                return None
        return self._line(self._asked.words)

    def _halves(self, operation: str) -> Iterator[tuple[Sequence[Word], Sequence[Word]]]:
        if operation == "share":
            yield self._asked.before, self._asked.after
            return
        words = self._asked.words
        joints = [at for at, one in enumerate(words) if one.joins]
        yield from ((words[:at], words[at + 1 :]) for at in joints)

    def _years(self, operations: Sequence[str]) -> Iterator[tuple[int, Formula]]:
        match = self._line(self._asked.words)
        if match is None:
            return
        figures = self._figures(match, self._span() or self._all_years())
        if len(figures) < 2 or any(one.value < 0 for one in figures):
            return  # whether -3 is larger than -2 is a matter of taste
        years = self._chosen(operations[1], figures)
        kind: Operation = "which year" if operations[0] == "which year" else "how many years"
        if years or (kind == "how many years" and self._asked.threshold is not None):
            yield match.missing, Formula(kind, figures, years)

    def _chosen(self, comparison: str, figures: Sequence[Figure]) -> tuple[int, ...]:
        values = [one.value for one in figures]
        threshold = self._asked.threshold
        if threshold is not None:
            more = comparison in ("more", "highest")
            hits = [one > threshold if more else one < threshold for one in values]
        elif comparison in ("highest", "lowest"):
            best = max(values) if comparison == "highest" else min(values)
            hits = [one == best for one in values]
        else:
            return ()
        return tuple(min(one.period.years) for one, hit in zip(figures, hits, strict=True) if hit)

    # Lines ---------------------------------------------------------------------------------------

    def _line(self, words: Sequence[Word]) -> _Match | None:
        """The line that the words name best; None where there is no such line, or several."""
        needed = content((one.text for one in words if one.needed), self._language)
        spoken = content((one.text for one in words), self._language)
        asking = content((one.text for one in words if one.asks), self._language)
        found = []
        for line in self._statement.lines:
            header = needed - line.words - line.section
            unasked = asking - line.words <= header - self._general
            if not needed & line.words or header - self._statement.about or not unasked:
                continue
            missing = len(line.words - spoken)
            if missing and needed & line.words <= _GENERAL:
                continue  # "total provision for taxes" is not the section's line "total current"
            found.append((missing, len(header), -len(line.words & spoken), line, header))
        found.sort(key=lambda one: one[:3])
        if not found or (len(found) > 1 and found[0][:3] == found[1][:3]):
            return None
        missing, _, _, line, header = found[0]
        if missing and len(found) > 1:
            return None
        if missing > len(line.words) / 2:
            return None
        return _Match(line, header - self._general, missing)

    # Periods ----------------------------------------------------------------------------------

    def _figures(self, match: _Match, years: Sequence[int]) -> tuple[Figure, ...]:
        """The line's figure of each year; none at all where one of them is in doubt."""
        found = []
        for year in years:
            period = self._period(match, year)
            if period is None:
                return ()
            found.append(Figure(match.line, period))
        kinds = {"%" in one.period.header for one in found}
        return tuple(found) if len(kinds) <= 1 else ()

    def _period(self, match: _Match, year: int) -> Period | None:
        fitting = [
            one
            for one in self._statement.periods
            if one.years == {year}
            and one.column in match.line.amounts
            and match.header <= one.words
            and self._in_months(one)
        ]
        fitting.sort(key=lambda one: len(one.words - match.header - self._general))
        if len(fitting) > 1:
            sizes = [len(one.words - match.header - self._general) for one in fitting[:2]]
            return fitting[0] if sizes[0] < sizes[1] else None
        return fitting[0] if fitting else None

    def _in_months(self, period: Period) -> bool:
        """Months that were named are the period's, where periods have months."""
        months = content(self._asked.months, self._language)
        return not (months & self._statement.about) or months <= (period.words | self._general)

    def _span(self) -> tuple[int, ...]:
        """All years from the first to the last, where a span was named."""
        years = self._asked.years
        if self._asked.spans and len(years) == 2:
            return tuple(range(years[0], years[1] + 1))
        return years

    def _all_years(self) -> tuple[int, ...]:
        years = {min(one.years) for one in self._statement.periods if len(one.years) == 1}
        return tuple(sorted(years))

    def _each(self) -> bool:
        return any(one.text in _EACH for one in self._asked.words)
