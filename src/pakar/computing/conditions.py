"""The conditions that a question's items state: comparisons, cells, dates.

Takes the items that it understands off the board; what is left is for `reading` to explain. Knows
no operation but comparisons.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from pakar.computing.linking import Item
from pakar.computing.query import Condition, Operator, Value
from pakar.computing.tables import Column, Table
from pakar.computing.tokens import Days

_COMPARISONS: dict[str, Operator] = {
    "more": ">", "at least": ">=", "less": "<", "at most": "<=",
    "before": "<", "after": ">", "since": ">=", "until": "<=", "equal": "=",
}  # fmt: skip
_SHARE = frozenset({"%", "percent", "persen", "per", "rate", "bunga", "interest", "share"})


class UnreadableError(Exception):
    """The question cannot be read as a query for sure; says why in a few words."""


class Board:
    """The items of a question, and which of them have been explained."""

    def __init__(self, items: Sequence[Item], table: Table) -> None:
        self.items = list(items)
        self.table = table
        self._used: set[int] = set()

    def free(self, *kinds: str) -> list[int]:
        return [
            at for at, one in enumerate(self.items) if at not in self._used and one.kind in kinds
        ]

    def is_free(self, at: int) -> bool:
        return at not in self._used

    def use(self, *positions: int) -> None:
        self._used.update(positions)

    def operation(self, at: int, *names: str) -> bool:
        """Whether the item there is a free one that can ask for one of these."""
        return (
            0 <= at < len(self.items)
            and at not in self._used
            and self.items[at].kind == "operation"
            and self.items[at].asks(*names)
        )

    def after(self, at: int) -> int:
        """The next item that is not idle; the number of items where there is none."""
        at += 1
        while at < len(self.items) and self.items[at].kind == "idle":
            at += 1
        return at

    def before(self, at: int) -> int:
        at -= 1
        while at >= 0 and self.items[at].kind == "idle":
            at -= 1
        return at

    def kind(self, at: int) -> str:
        free = 0 <= at < len(self.items) and at not in self._used
        return self.items[at].kind if free else ""


def read_conditions(board: Board) -> tuple[Condition, ...]:
    """All conditions; raises UnreadableError where one has no column for sure."""
    found: list[Condition] = []
    for at in range(len(board.items)):
        if board.operation(at, "between"):
            found += _between(board, at)
        elif board.operation(at, *_COMPARISONS):
            found += _comparison(board, at)
        elif board.kind(at) in ("number", "date"):
            found += _bare(board, at)
    found += _cells(board)
    found += _loose_dates(board)
    order = [one.name for one in board.table.columns]
    return tuple(sorted(found, key=lambda one: order.index(one.column)))


def _comparison(board: Board, at: int) -> list[Condition]:
    item, amount = board.items[at], board.after(at)
    name = next(one for one in item.operations if one in _COMPARISONS)
    if board.kind(amount) not in ("number", "date"):
        return []  # "from" and the like say nothing alone; `reading` judges what stays
    if "between" not in item.operations and board.operation(board.after(amount), "until"):
        upper = board.after(board.after(amount))
        if board.kind(upper) in ("number", "date"):
            return _range(board, at, amount, upper, joint=board.after(amount))
    column = _column_of(board, at, amount)
    board.use(at, amount)
    return _compared(column, _COMPARISONS[name], board.items[amount])


def _between(board: Board, at: int) -> list[Condition]:
    lower = board.after(at)
    joint = board.after(lower)
    upper = board.after(joint)
    if not board.operation(joint, "and", "until") or {board.kind(lower), board.kind(upper)} - {
        "number", "date"
    }:  # fmt: skip
        raise UnreadableError("between what?")
    return _range(board, at, lower, upper, joint=joint)


def _range(board: Board, at: int, lower: int, upper: int, *, joint: int) -> list[Condition]:
    column = _column_of(board, at, upper)
    board.use(at, lower, joint, upper)
    low, high = board.items[lower], board.items[upper]
    return [*_compared(column, ">=", low), *_compared(column, "<=", high)]


def _bare(board: Board, at: int) -> list[Condition]:
    """ "20 employees or more", and an amount right behind its column: "account number 1002"."""
    behind = board.after(at)
    for place in (behind, board.after(behind)):
        if board.operation(place, "or more", "or less"):
            column = _column_of(board, at, at, behind=place)
            operator: Operator = ">=" if board.items[place].asks("or more") else "<="
            board.use(at, place)
            return _compared(column, operator, board.items[at])
    return []


def _column_of(board: Board, at: int, amount: int, *, behind: int | None = None) -> Column:
    """The column that is compared: right behind the amount (or the item at `behind`), else the
    nearest before the item at `at`."""
    item = board.items[amount]
    behind, ahead = board.after(amount if behind is None else behind), board.before(at)
    for place in (behind, ahead):
        if board.kind(place) == "column":
            fitting = [one for one in board.items[place].columns if _takes(one, item)]
            if len(fitting) == 1:
                board.use(place)
                return fitting[0]
    if item.days is not None:
        dates = [one for one in board.table.columns if one.kind == "date"]
        if len(dates) == 1 and not (item.quantity and _years(board.table)):
            return dates[0]
        if not dates and item.quantity and len(_years(board.table)) == 1:
            return _years(board.table)[0]
    raise UnreadableError("a comparison without a column")


def _takes(column: Column, item: Item) -> bool:
    if item.days is not None and column.kind == "date":
        return True
    if item.quantity is None or not column.is_number:
        return False
    unit = item.quantity.unit
    return unit not in ("%", "percent", "persen") or any(
        sign in column.name.casefold() for sign in _SHARE
    )


def _years(table: Table) -> list[Column]:
    return [
        one
        for one in table.columns
        if one.kind == "whole" and one.name.casefold().strip() in ("year", "tahun")
    ]


def _compared(column: Column, operator: Operator, item: Item) -> list[Condition]:
    if column.kind == "date":
        if item.days is None:
            raise UnreadableError("a date compared to a number")
        return _dated(column, operator, item.days)
    if item.quantity is None:
        raise UnreadableError("a number compared to a date")
    return [Condition(column.name, operator, (item.quantity.value,))]


def _dated(column: Column, operator: Operator, span: Days) -> list[Condition]:
    """Before a span is before its first day, until it includes its last."""
    if operator == "=":
        return [_on(column, ">=", span.first), _on(column, "<=", span.last)]
    edge = span.first if operator in ("<", ">=") else span.last
    return [_on(column, operator, edge)]


def _on(column: Column, operator: Operator, day: date) -> Condition:
    return Condition(column.name, operator, (day,))


def _loose_dates(board: Board) -> list[Condition]:
    """ "in 2024": the dates within."""
    found: list[Condition] = []
    for at in board.free("date"):
        column = _column_of(board, at, at)
        board.use(at)
        found += _compared(column, "=", board.items[at])
    return found


def _cells(board: Board) -> list[Condition]:
    """Cells of one column that are joined are alternatives; a column is asked for once only."""
    wanted: dict[tuple[str, bool], list[str]] = {}
    last: tuple[str, bool] | None = None
    previous = -1
    for at in board.free("cell"):
        denied = _denial(board, at)
        column, spellings = _cell(board, at)
        key = (column, denied is not None)
        joined = last == key and _joined(board, previous, at)
        if any(known[0] == column for known in wanted) and not joined:
            raise UnreadableError(f"{column} is asked for twice")
        wanted.setdefault(key, []).extend(spellings)
        board.use(at, *([denied] if denied is not None else []))
        last, previous = key, at
    return [one for key, values in wanted.items() for one in _cell_conditions(*key, values)]


def _cell_conditions(column: str, denied: bool, values: Sequence[Value]) -> list[Condition]:
    if denied:
        return [Condition(column, "!=", (one,)) for one in values]
    operator: Operator = "in" if len(values) > 1 else "="
    return [Condition(column, operator, tuple(values))]


def _joined(board: Board, first: int, second: int) -> bool:
    """Only "and", "or" and idle words stand between; they are then explained."""
    between = range(first + 1, second)
    joints = [at for at in between if board.operation(at, "and", "or")]
    rest = [at for at in between if at not in joints and board.items[at].kind != "idle"]
    board.use(*joints)
    return all(not board.is_free(at) for at in rest)


def _denial(board: Board, at: int) -> int | None:
    ahead = board.before(at)
    if board.kind(ahead) == "column":
        ahead = board.before(ahead)
    return ahead if board.operation(ahead, "not") else None


def _cell(board: Board, at: int) -> tuple[str, tuple[str, ...]]:
    """The column and the spellings of a cell; a column named beside it decides between several."""
    cells = board.items[at].cells
    beside = [one for one in (board.before(at), board.after(at)) if board.kind(one) == "column"]
    for place in beside:
        named = _names(board.items[place].columns)
        fitting = [one for one in cells if one.column in named]
        if len(fitting) == 1:
            if _only_names(board, place, fitting[0].column):
                board.use(place)
            return fitting[0].column, fitting[0].spellings
    if len(cells) == 1:
        return cells[0].column, cells[0].spellings
    raise UnreadableError("a value of several columns")


def _only_names(board: Board, place: int, column: str) -> bool:
    """The column's name beside its cell says nothing more, unless it is asked for: "which city"."""
    around = (place - 1, place + 1)
    return not any(board.operation(one, "which", "group", "count") for one in around)


def _names(columns: Iterable[Column]) -> set[str]:
    return {one.name for one in columns}
