"""From a question to a typed query over one table, or to the reason why there is none.

Rules over the items that `linking` found: conditions first, then what is asked, by which group, in
which order. Nothing may be left over: a word that is not explained could be a condition.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pakar.computing.conditions import Board, UnreadableError, read_conditions
from pakar.computing.linking import Item, link
from pakar.computing.query import Aggregate, Condition, Direction, Query
from pakar.computing.tables import Column, Table
from pakar.computing.values import Profile

_ORDERS: dict[str, tuple[Direction, str]] = {
    "highest": ("descending", ""), "lowest": ("ascending", ""),
    "most": ("descending", "count"), "fewest": ("ascending", "count"),
    "most expensive": ("descending", "money"), "cheapest": ("ascending", "money"),
    "latest": ("descending", "date"), "earliest": ("ascending", "date"),
}  # fmt: skip
_AGGREGATES = ("count", "count or sum", "sum", "average")
_NOISE = ("which", "how much", "how much or many", "list", "and", "rows", "when")
_MONEY = ("fee", "price", "cost", "charge", "rate", "biaya", "harga", "tarif")
MOST_LOOKED_UP = 3


@dataclass(frozen=True, slots=True)
class Reading:
    """A query, and how it has to come out: a lookup that finds many rows was no lookup."""

    query: Query
    most_rows: int = 0


def read(question: str, table: Table, profile: Profile, language: str) -> tuple[Reading, ...]:
    """The ways in which the question can be read; the caller answers only where they agree.

    Raises UnreadableError where it cannot be read for sure.
    """
    linked = link(question, table, profile, language)
    if linked.unknown:
        raise UnreadableError(f"not in the table: {', '.join(linked.unknown)}")
    if linked.clashes:
        raise UnreadableError(f"a column and a value: {', '.join(linked.clashes)}")
    board = Board(linked.items, table)
    conditions = read_conditions(board)
    asked = _Asked(board, profile, conditions)
    readings = asked.read()
    _require_nothing_left(board, linked.items)
    return readings


class _Asked:
    """What is asked about the rows that pass the conditions."""

    def __init__(self, board: Board, profile: Profile, conditions: tuple[Condition, ...]) -> None:
        self._board = board
        self._profile = profile
        self._conditions = conditions
        self._noun = bool(board.free("table")) or bool(self._operations("rows"))

    def read(self) -> tuple[Reading, ...]:
        order = self._one(*_ORDERS)
        in_all = self._operations("in all")
        self._board.use(*in_all)
        aggregate = self._one(*_AGGREGATES)
        if aggregate is None and order is None and in_all:
            aggregate = in_all[0]
        if order is not None:
            return self._ordered(order, aggregate)
        if aggregate is None and order is None:
            aggregate = self._how_many()
        if aggregate is not None:
            return (Reading(self._aggregated(aggregate)),)
        return (self._rows(),)

    def _how_many(self) -> int | None:
        """An Indonesian "berapa" right before what can be counted: rows, names, kinds of rows."""
        for at in self._operations("how much or many"):
            following = self._board.items[at + 1] if at + 1 < len(self._board.items) else None
            if following is None or following.kind not in ("table", "column", "cell"):
                continue
            if all(one.kind == "text" for one in following.columns):
                self._board.use(at)
                return at
        return None

    # One value, or one a group ---------------------------------------------------------------

    def _aggregated(self, at: int) -> Query:
        group = self._group()
        asked = self._board.items[at]
        columns = self._columns()
        if asked.asks("average") and group and self._names_rows(group):
            group = ""  # "the average staff per branch", with a row a branch, is one value
        if asked.asks("count", "count or sum", "how much or many"):
            return self._counted(at, group)
        target = self._target(self._without_nouns(columns))
        name: Aggregate = "sum" if asked.asks("sum", "in all") else "avg"
        self._no_totals()
        return Query(name, target.name, self._conditions, group)

    def _counted(self, at: int, group: str) -> Query:
        columns = self._columns()
        numbers = [one for _, one in columns if one.is_number]
        if numbers:
            target = self._target(self._without_nouns(columns))
            if not self._board.items[at].asks("count or sum") and not _counts(target):
                raise UnreadableError(f"{target.name} holds no counts")
            self._no_totals()
            return Query("sum", target.name, self._conditions, group)
        self._no_totals()
        if not columns:
            if not self._noun and not self._counts_cells(at):
                raise UnreadableError("count of what?")
            return Query("count", "", self._conditions, group)
        if len(columns) > 1:
            raise UnreadableError("count of several columns")
        place, column = columns[0]
        self._board.use(place)
        return Query(*self._counting(column), self._conditions, group)

    def _counting(self, column: Column) -> tuple[Aggregate, str]:
        """Rows, where the column names each of them; else its different values."""
        if self._names_rows(column.name):
            return "count", ""
        return "distinct", column.name

    def _counts_cells(self, at: int) -> bool:
        """ "How many savings accounts": what is counted is named by a cell right behind."""
        behind = self._board.after(at)
        return behind < len(self._board.items) and self._board.items[behind].kind == "cell"

    # The first, the last, the k highest ---------------------------------------------------------

    def _ordered(self, at: int, aggregate: int | None) -> tuple[Reading, ...]:
        kind = next(one for one in self._board.items[at].operations if one in _ORDERS)
        direction, hint = _ORDERS[kind]
        limit = self._limit(at)
        group = self._group() if not self._grouped_by_number() else ""
        columns = self._columns()
        subjects = [(p, one) for p, one in columns if not one.is_number and one.kind != "date"]
        targets = [(p, one) for p, one in columns if (p, one) not in subjects]
        if hint == "count" and not targets:
            return (Reading(self._most_rows(subjects, group, direction, limit)),)
        target = self._ordering(at, targets, hint)
        subject = self._subject(subjects)
        if aggregate is not None:
            return (Reading(self._best_group(aggregate, target, subject, direction, limit)),)
        if subject is None:
            return (Reading(self._extreme(target, group, direction, limit)),)
        if group:
            raise UnreadableError("a first of each group")
        return self._best_rows(target, subject, direction, limit, hint)

    def _extreme(self, target: Column, group: str, direction: Direction, limit: int) -> Query:
        self._no_totals()
        if limit > 1 or (limit and group):
            if group:
                raise UnreadableError("several of each group")
            show = self._show(self._label(), target)
            return Query(None, target.name, self._conditions, "", show, direction, limit)
        named = self._label() is not None and self._asks_for_row()
        if (named or (self._noun and not self._is_amount_asked())) and not group:
            show = self._show(self._label(), target)
            return Query(None, target.name, self._conditions, "", show, direction, 1)
        name: Aggregate = "max" if direction == "descending" else "min"
        return Query(name, target.name, self._conditions, group)

    def _is_amount_asked(self) -> bool:
        return bool(self._all_operations("how much", "how much or many"))

    def _asks_for_row(self) -> bool:
        """ "Which card has the lowest fee": the row is asked for by its kind, not by a column."""
        items = self._board.items
        beside = [near for at in self._all_operations("which", "list") for near in (at - 1, at + 1)]
        return any(0 <= at < len(items) and items[at].kind in ("cell", "table") for at in beside)

    def _best_rows(
        self, target: Column, subject: Column, direction: Direction, limit: int, hint: str
    ) -> tuple[Reading, ...]:
        self._no_totals()
        rows = Query(
            None, target.name, self._conditions, "", self._show(subject, target), direction,
            max(limit, 1),
        )  # fmt: skip
        if self._profile.is_unique(subject.name):
            return (Reading(rows),)
        if target.kind == "date":
            return (Reading(rows),)
        summed = Query(
            "sum", target.name, self._conditions, subject.name, (), direction, max(limit, 1)
        )
        if hint == "count":
            return (Reading(summed),)
        return (Reading(rows), Reading(summed))

    def _best_group(
        self,
        aggregate: int,
        target: Column,
        subject: Column | None,
        direction: Direction,
        limit: int,
    ) -> Query:
        if subject is None:
            raise UnreadableError("the highest of what?")
        asked = self._board.items[aggregate]
        name: Aggregate = "avg" if asked.asks("average") else "sum"
        self._board.use(aggregate)
        self._no_totals()
        return Query(
            name, target.name, self._conditions, subject.name, (), direction, max(limit, 1)
        )

    def _most_rows(
        self, subjects: Sequence[tuple[int, Column]], group: str, direction: Direction, limit: int
    ) -> Query:
        """ "Which city has the most branches": the group with most rows."""
        self._no_totals()
        asked = self._asked_columns(subjects)
        if len(asked) != 1 or group:
            raise UnreadableError("the most of what?")
        rest = [(at, one) for at, one in subjects if (at, one) not in asked]
        if len(rest) > 1 or (not rest and not self._noun):
            raise UnreadableError("the most of what?")
        self._board.use(*(at for at, _ in subjects))
        aggregate, column = self._counting(rest[0][1]) if rest else ("count", "")
        return Query(
            aggregate, column, self._conditions, asked[0][1].name, (), direction, max(limit, 1)
        )

    # Rows themselves -----------------------------------------------------------------------------

    def _rows(self) -> Reading:
        if not self._conditions or self._operations("group"):
            raise UnreadableError("nothing to compute")
        columns = self._columns()
        asked = self._asked_columns(columns)
        if len(columns) == 1 and columns[0][1].kind in ("number", "whole", "date"):
            self._board.use(columns[0][0])
            return self._looked_up(columns[0][1])
        if len(asked) == 1 and len(columns) == 1 and self._has_comparison():
            self._board.use(asked[0][0])
            compared = [self._board.table.column(one.column) for one in self._conditions]
            show = self._show(asked[0][1], *(one for one in compared if one))
            return Reading(Query(conditions=self._conditions, show=show))
        raise UnreadableError("nothing to compute")

    def _looked_up(self, column: Column) -> Reading:
        if self._operations("when") and column.kind != "date":
            raise UnreadableError("when?")
        if not any(one.operator == "=" for one in self._conditions):
            raise UnreadableError("a lookup without a name")
        named = [self._board.table.column(one.column) for one in self._conditions]
        show = self._show(*(one for one in named if one), column)
        return Reading(Query(conditions=self._conditions, show=show), MOST_LOOKED_UP)

    def _has_comparison(self) -> bool:
        return any(one.operator in ("<", "<=", ">", ">=") for one in self._conditions)

    # What the items name ----------------------------------------------------------------------

    def _operations(self, *names: str) -> list[int]:
        return [at for at in self._board.free("operation") if self._board.items[at].asks(*names)]

    def _all_operations(self, *names: str) -> list[int]:
        items = self._board.items
        return [at for at, one in enumerate(items) if one.kind == "operation" and one.asks(*names)]

    def _one(self, *names: str) -> int | None:
        """The only item that asks for one of these, taken off the board."""
        found = self._operations(*names)
        if len(found) == 2 and set(names) == set(_ORDERS):
            found = self._merged(found)
        if len(found) > 1:
            raise UnreadableError("several things are asked at once")
        self._board.use(*found)
        return found[0] if found else None

    def _merged(self, found: list[int]) -> list[int]:
        """ "The top 3 highest": one order said twice."""
        first, second = (self._board.items[at].operations for at in found)
        if set(first) & set(second):
            self._board.use(found[0])
            return found[1:]
        return found

    def _limit(self, at: int) -> int:
        """A small whole number beside the superlative, or right behind its column."""
        for place in (self._board.before(at), self._board.after(at)):
            if self._board.kind(place) == "number":
                amount = self._board.items[place].quantity
                if amount and isinstance(amount.value, int) and not amount.unit:
                    self._board.use(place)
                    return min(amount.value, 100)
        left = self._board.free("number")
        if len(left) == 1:
            amount = self._board.items[left[0]].quantity
            if amount and isinstance(amount.value, int) and 1 < amount.value <= 100:
                self._board.use(left[0])
                return amount.value
        return 0

    def _group(self) -> str:
        found = self._operations("group")
        if not found:
            return ""
        if len(found) > 1:
            raise UnreadableError("several groups")
        place = self._board.after(found[0])
        if self._board.kind(place) != "column":
            raise UnreadableError("grouped by what?")
        columns = [one for one in self._board.items[place].columns if one.kind != "number"]
        if len(columns) != 1 or columns[0].kind == "date":
            raise UnreadableError("grouped by what?")
        self._board.use(found[0], place)
        return columns[0].name

    def _grouped_by_number(self) -> bool:
        """ "The top 3 branches by balance": by what they are ordered."""
        for at in self._operations("group"):
            place = self._board.after(at)
            if self._board.kind(place) == "column" and all(
                one.is_number or one.kind == "date" for one in self._board.items[place].columns
            ):
                self._board.use(at)
                return True
        return False

    def _columns(self) -> list[tuple[int, Column]]:
        found = []
        for at in self._board.free("column"):
            columns = self._board.items[at].columns
            if len(columns) > 1:
                raise UnreadableError("a word for several columns")
            found.append((at, columns[0]))
        return found

    def _without_nouns(self, columns: Sequence[tuple[int, Column]]) -> list[tuple[int, Column]]:
        """Without the column that names the rows: "the rent of the main branches"."""
        nouns = [at for at, one in columns if one.kind == "text" and self._names_rows(one.name)]
        self._board.use(*nouns)
        return [(at, one) for at, one in columns if at not in nouns]

    def _names_rows(self, name: str) -> bool:
        return self._profile.is_unique(name) and (
            self._profile.filled.get(name) == self._board.table.rows
        )

    def _target(self, columns: Sequence[tuple[int, Column]]) -> Column:
        if len(columns) != 1 or not columns[0][1].is_number:
            raise UnreadableError("of which column?")
        self._board.use(columns[0][0])
        return columns[0][1]

    def _ordering(self, at: int, targets: Sequence[tuple[int, Column]], hint: str) -> Column:
        if len(targets) == 1:
            self._board.use(targets[0][0])
            return targets[0][1]
        numbers = [one for one in self._board.table.columns if one.is_number]
        if not targets and not hint and self._noun and len(numbers) == 1:
            return numbers[0]
        if targets or not hint or hint == "count":
            raise UnreadableError("the highest of which column?")
        if hint == "date":
            fitting = [one for one in self._board.table.columns if one.kind == "date"]
        else:
            fitting = [
                one
                for one in self._board.table.columns
                if one.is_number and any(word in one.name.casefold() for word in _MONEY)
            ]
        if len(fitting) != 1:
            raise UnreadableError("the highest of which column?")
        return fitting[0]

    def _subject(self, subjects: Sequence[tuple[int, Column]]) -> Column | None:
        if not subjects:
            return None
        if len(subjects) > 1:
            raise UnreadableError("several things are asked for")
        self._board.use(subjects[0][0])
        return subjects[0][1]

    def _asked_columns(self, columns: Sequence[tuple[int, Column]]) -> list[tuple[int, Column]]:
        """Those right beside a "which" or "list"; in Indonesian it stands behind."""
        near = [(at, one) for at, one in columns if self._is_asked((at - 1, at + 1))]
        around = self._board.before, self._board.after
        return near or [
            (at, one) for at, one in columns if self._is_asked([step(at) for step in around])
        ]

    def _is_asked(self, places: Sequence[int]) -> bool:
        items = self._board.items
        return any(
            0 <= place < len(items)
            and items[place].kind == "operation"
            and items[place].asks("which", "list", "how much")
            for place in places
        )

    def _label(self) -> Column | None:
        """The column that names the rows: the first text whose values all differ."""
        texts = [one for one in self._board.table.columns if one.kind == "text"]
        return next((one for one in texts if self._profile.is_unique(one.name)), None)

    def _show(self, *columns: Column | None) -> tuple[str, ...]:
        return tuple(dict.fromkeys(one.name for one in columns if one is not None))[:6]

    def _no_totals(self) -> None:
        """A row that sums up others would be counted beside them."""
        if self._profile.has_totals:
            raise UnreadableError("the table has rows that sum up others")


def _require_nothing_left(board: Board, items: Sequence[Item]) -> None:
    for at in board.free("operation", "column", "cell", "number", "date"):
        item = items[at]
        if item.kind == "operation" and (item.asks(*_NOISE) or item.asks("since")):
            continue
        raise UnreadableError("something in the question has no place in the query")


def _counts(column: Column) -> bool:
    """Whether a column's numbers can be counts of things: whole, without a unit, no money."""
    money = column.unit or "(" in column.name or "[" in column.name
    named = any(word in column.name.casefold() for word in _MONEY)
    return column.kind == "whole" and not money and not named
