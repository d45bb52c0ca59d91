"""How many tables of others are read: files as they are, and TAT-QA's tables as CSV.

Prints one JSON document: per kind how many are read or refused (with the one line that says why),
how many rows, in how many tables the header was found, how many columns have a type but text.

    python benchmarks/read_tables.py --files DIR --tatqa tatqa_dataset_dev.json
"""

from __future__ import annotations

import argparse
import csv
import json
import tempfile
import time
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq

from pakar.config import Config
from pakar.documents.tables.parquet_out import table_info
from pakar.documents.tables.reading import read_table_file
from pakar.errors import SourceError

ENDINGS = (".csv", ".tsv", ".xlsx", ".xlsm", ".xls", ".parquet", ".jsonl")


def look(path: Path, folder: Path) -> Counter[str]:
    """What one file gives, as counts. Raises SourceError where it is refused."""
    counts: Counter[str] = Counter()
    for readout in read_table_file(path, path.name, Config(), folder):
        counts["rows"] += sum(mark.kind == "row" for mark in readout.document.marks)
        for file in readout.tables:
            columns = table_info(file)["columns"]
            assert isinstance(columns, list)
            counts["tables"] += 1
            counts["columns"] += len(columns)
            counts["typed_columns"] += sum(kind != "text" for _, kind, _ in columns)
            named = sum(not name.startswith("Column ") for name, _, _ in columns)
            counts["tables_with_header"] += named * 2 >= len(columns)
            pq.read_table(file)
    counts["read"] += 1
    return counts


def tatqa(path: Path, folder: Path) -> list[Path]:
    made = []
    for number, entry in enumerate(json.loads(path.read_text(encoding="utf-8"))):
        made.append(folder / f"{number}.csv")
        with made[-1].open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(entry["table"]["table"])
    return made


def measured(paths: list[Path]) -> dict[str, object]:
    counts: Counter[str] = Counter()
    refused, longest, started = [], 0.0, time.process_time()
    for path in paths:
        before = time.process_time()
        try:
            with tempfile.TemporaryDirectory() as folder:
                counts += look(path, Path(folder))
        except SourceError as error:
            refused.append(f"{error} ({error.hint})")
        longest = max(longest, time.process_time() - before)
    return {
        "files": len(paths),
        **counts,
        "refused": refused,
        "processor_seconds": round(time.process_time() - started, 1),
        "longest": round(longest, 2),
    }


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--files", type=Path)
    options.add_argument("--tatqa", type=Path)
    chosen = options.parse_args()
    results: dict[str, object] = {}
    if chosen.files:
        found = sorted(path for path in chosen.files.rglob("*") if path.suffix in ENDINGS)
        for ending in sorted({path.suffix for path in found}):
            results[ending] = measured([path for path in found if path.suffix == ending])
    if chosen.tatqa:
        with tempfile.TemporaryDirectory() as folder:
            results["tatqa"] = measured(tatqa(chosen.tatqa, Path(folder)))
    print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
