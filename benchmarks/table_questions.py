"""How questions about numbers are computed: right, wrong, and left to the passages.

    python benchmarks/table_questions.py
    python benchmarks/table_questions.py --tatqa FOLDER     also the questions of TAT-QA (dev)
    python benchmarks/table_questions.py --show             what came out wrong or empty

The questions over a bank's tables lie in benchmarks/table_questions/: `developed` were there
while the rules were written, `held_out` were written before and not looked at, `not_computed` ask
for what no table has. What is right is said by SQL, written by hand, that runs outside of pakar.
"""

from __future__ import annotations

import argparse
import csv
import json
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from pakar.computing.compute import compute
from pakar.computing.sql import shown
from pakar.computing.tables import Column, Kind, Table
from pakar.computing.telling import told
from pakar.language.detect import detect

HERE = Path(__file__).parent / "table_questions"
SETS = ("developed", "developed_later", "held_out", "not_computed")


@dataclass(frozen=True, slots=True)
class Judged:
    """A question and what came of it: right, wrong or none."""

    question: str
    verdict: str
    kind: str
    said: str
    expected: str


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--tatqa", type=Path)
    parser.add_argument("--show", action="store_true")
    parser.add_argument("--half", default="both", choices=("both", "developed", "held_out"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        report: dict[str, object] = {"bank": bank(Path(folder), show=options.show)}
        if options.tatqa:
            import tatqa

            report["tatqa"] = tatqa.measure(options.tatqa, show=options.show, half=options.half)
    print(json.dumps(report, indent=2, ensure_ascii=False))


def bank(folder: Path, *, show: bool) -> dict[str, object]:
    """The questions over the bank's four tables, all of which are there at once."""
    tables = [stored(path, folder) for path in sorted(HERE.glob("*.csv"))]
    database = duckdb.connect()
    for table in tables:
        database.execute(f"CREATE TABLE {table.path.stem} AS SELECT * FROM '{table.path}'")
    figures: dict[str, object] = {}
    for name in SETS:
        rows = [json.loads(line) for line in (HERE / f"{name}.jsonl").read_text().splitlines()]
        started = time.perf_counter()
        judged = [judge(row, tables, database) for row in rows]
        seconds = (time.perf_counter() - started) / len(rows)
        figures[name] = {**counts(judged), "ms_a_question": round(seconds * 1000, 1)}
        if show:
            tell(name, judged)
    return figures


def judge(
    row: dict[str, str], tables: Sequence[Table], database: duckdb.DuckDBPyConnection
) -> Judged:
    outcome = compute(row["question"], tables, detect(row["question"]))
    expected = database.execute(row["sql"]).fetchall() if "sql" in row else []
    computed = outcome.computed
    if computed is None:
        return Judged(row["question"], "none", row["language"], str(outcome.reasons), str(expected))
    columns = len(expected[0]) if expected else 0
    # A list names its rows by the first column, a lookup shows the cell in the last.
    parts = [slice(0, columns), slice(-columns, None)]
    readings = [[found[part] for found in computed.rows] for part in parts]
    fits = bool(expected) and any(same(one, expected) for one in readings)
    verdict = "right" if fits else "wrong"
    said = f"{told(computed)}  [{shown(computed.query, computed.table.called)}]"
    return Judged(row["question"], verdict, row["language"], said, str(expected))


def same(given: Sequence[Sequence[object]], expected: Sequence[Sequence[object]]) -> bool:
    """Whether both have the same rows, in whatever order."""

    def key(row: Sequence[object]) -> tuple[str, ...]:
        return tuple(f"{one:.6f}" if isinstance(one, int | float) else str(one) for one in row)

    return sorted(map(key, given)) == sorted(map(key, expected))


def counts(judged: Sequence[Judged]) -> dict[str, object]:
    found = Counter(one.verdict for one in judged)
    computed = found["right"] + found["wrong"]
    return {
        "questions": len(judged),
        **{name: found[name] for name in ("right", "wrong", "none")},
        "right_of_computed": round(found["right"] / computed, 3) if computed else None,
        "computed": round(computed / len(judged), 3) if judged else None,
    }


def tell(name: str, judged: Sequence[Judged]) -> None:
    for one in judged:
        if one.verdict != "right":
            print(f"[{name}] {one.verdict}: {one.question}\n    {one.said}\n    {one.expected}")


def stored(path: Path, folder: Path) -> Table:
    """A CSV file as the index keeps it: typed, with the place of every row."""
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = list(csv.reader(file))
    columns, arrays = [], []
    for at, name in enumerate(header):
        kind, values = typed([row[at] for row in rows])
        columns.append(Column(name, kind))
        arrays.append(pa.array(values))
    last = chr(ord("A") + len(header) - 1)
    places = [f"A{at}:{last}{at}" for at in range(2, len(rows) + 2)]
    data = dict(zip(header, arrays, strict=True)) | {
        "_place": pa.array(places),
        "_document": pa.array([path.name] * len(rows)),
        "_start": pa.array(range(len(rows))),
        "_end": pa.array(range(1, len(rows) + 1)),
    }
    file_path = folder / f"{path.stem}.parquet"
    pq.write_table(pa.table(data), file_path)
    return Table(path.name, path.stem, file_path, tuple(columns), len(rows))


def typed(values: list[str]) -> tuple[Kind, list[object]]:
    for kind, read in (("whole", int), ("number", float), ("date", date.fromisoformat)):
        try:
            return kind, [read(one) if one else None for one in values]  # type: ignore[return-value]
        except ValueError:
            continue
    return "text", list(values)


if __name__ == "__main__":
    main()
