"""The questions of TAT-QA (dev) that a table can answer, computed from the table alone.

    python benchmarks/tatqa.py FOLDER [--half developed|held_out] [--show]

Half of the tables, by a hash of their id, were looked at while the rules were written; the others
are held out. A computed answer is right where it equals the data set's as a number at two
decimals, or all its spans; scales ("million") are not compared. TAT-QA: Zhu et al., ACL 2021,
CC BY 4.0.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from pakar.computing.amounts import amount
from pakar.computing.conditions import UnreadableError
from pakar.computing.formula import Formula
from pakar.computing.statement import Statement, from_rows
from pakar.computing.statement_question import read_statement

FILE = "tatqa_dataset_dev.json"
HALVES = ("developed", "held_out")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--half", default="", choices=("", *HALVES))
    parser.add_argument("--show", action="store_true")
    options = parser.parse_args()
    halves = (options.half,) if options.half else HALVES
    print(json.dumps(measure(options.folder, halves, show=options.show), indent=2))


def measure(
    folder: Path, halves: Sequence[str] = HALVES, *, show: bool = False
) -> dict[str, object]:
    contexts = json.loads((folder / FILE).read_text(encoding="utf-8"))
    return {
        half: _half([one for one in contexts if half_of(one) == half], show=show) for half in halves
    }


def half_of(context: dict[str, dict[str, str]]) -> str:
    digest = hashlib.sha256(context["table"]["uid"].encode()).hexdigest()
    return HALVES[int(digest, 16) % 2]


def _half(contexts: Sequence[dict[str, object]], *, show: bool) -> dict[str, object]:
    counted: dict[str, Counter[str]] = defaultdict(Counter)
    for context in contexts:
        statement = statement_of(context["table"]["table"])  # type: ignore[index]
        for question in context["questions"]:  # type: ignore[union-attr]
            verdict, said = judged(question, statement)
            for kind in ("all", f"{question['answer_type']}, from {question['answer_from']}"):
                counted[kind][verdict] += 1
            if show and (
                verdict == "wrong" or (verdict == "none" and question["answer_from"] == "table")
            ):
                print(f"{verdict}: {question['question']} | {question['answer']} | "
                      f"{question['derivation']} | {said}")  # fmt: skip
    return {kind: _figures(found) for kind, found in sorted(counted.items())}


def _figures(found: Counter[str]) -> dict[str, object]:
    computed, questions = found["right"] + found["wrong"], sum(found.values())
    return {
        "questions": questions,
        **{name: found[name] for name in ("right", "wrong", "none")},
        "right_of_computed": round(found["right"] / computed, 3) if computed else None,
        "computed": round(computed / questions, 3),
    }


def statement_of(rows: list[list[str]]) -> Statement | None:
    """As the index has it: the first row names the columns, every other is a row."""
    width = max(len(row) for row in rows)
    padded = [[*row, *[""] * (width - len(row))] for row in rows]
    places = [[*row, f"A{at}:Z{at}", "t", at, at + 1] for at, row in enumerate(padded[1:], start=2)]
    return from_rows([padded[0]], places, width, "en")


def judged(question: dict[str, object], statement: Statement | None) -> tuple[str, str]:
    if statement is None:
        return "none", "no statement"
    try:
        formula = read_statement(str(question["question"]), statement, "en")
    except UnreadableError as error:
        return "none", str(error)
    given = answers(formula)
    if given is None:
        return "none", "a division by nothing"
    shown = formula.shown([f"{one.line.label}:{one.period.header}" for one in formula.figures])
    verdict = "right" if _equal(given, question["answer"]) else "wrong"
    return verdict, f"{[str(one) for one in given]} [{shown}]"


def answers(formula: Formula) -> list[Decimal] | None:
    if formula.operation == "lookup":
        return [one.value for one in formula.figures]
    if formula.operation == "which year":
        return [Decimal(one) for one in formula.years]
    value = formula.value()
    return None if value is None else [value]


def _equal(given: Sequence[Decimal], expected: object) -> bool:
    wanted = expected if isinstance(expected, list) else [expected]
    numbers = [found.value if (found := amount(str(one))) else None for one in wanted]
    if len(numbers) != len(given) or None in numbers:
        return False
    left = sorted(round(one, 2) for one in given)
    right = sorted(round(one, 2) for one in numbers if one is not None)
    return left == right


if __name__ == "__main__":
    main()
