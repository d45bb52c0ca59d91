"""Reads and splits tables of growing length: rows a second and peak memory, by format.

Writes a table of so many rows in each format, reads it in a process of its own as `pakar add` does
(typed table file included), splits it into passages, and prints one JSON document. Nothing is
embedded: that takes the time it takes, and none of the memory.

    python benchmarks/table_streaming.py --rows 10000 100000 1000000
    python benchmarks/table_streaming.py --rows 20000 --formats csv xlsx sqlite --index

With `--index`, the passages are also embedded (by hashing) and committed to an index.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from pakar.config import Config
from pakar.documents.discover import Found
from pakar.documents.passages import split_document
from pakar.documents.tables.address import parse
from pakar.documents.tables.reading import read_database, read_table_file
from pakar.testing import HashEmbedder

COLUMNS = ["id", "name", "branch", "amount", "date", "note"]
MEGABYTE = 1_000_000


def rows(count: int) -> Iterator[list[object]]:
    draw = random.Random(0)
    for number in range(count):
        yield [
            number,
            f"Customer {number}",
            f"Branch {draw.randrange(90)}",
            f"{draw.randrange(10**6) / 100:.2f}",
            f"2024-{draw.randrange(1, 13):02d}-{draw.randrange(1, 29):02d}",
            f"some words about the account {draw.randrange(1000)}",
        ]


def write_csv(path: Path, count: int) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(rows(count))


def write_json_lines(path: Path, count: int) -> None:
    with path.open("w", encoding="utf-8") as file:
        for row in rows(count):
            file.write(json.dumps(dict(zip(COLUMNS, row, strict=True))) + "\n")


def write_parquet(path: Path, count: int) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([("id", pa.int64()), *((name, pa.string()) for name in COLUMNS[1:])])
    with pq.ParquetWriter(path, schema) as file:
        part: list[list[object]] = []
        for row in rows(count):
            part.append(row)
            if len(part) == 50_000:
                file.write_table(pa.table(list(zip(*part, strict=True)), schema))
                part = []
        if part:
            file.write_table(pa.table([list(one) for one in zip(*part, strict=True)], schema))


def write_xlsx(path: Path, count: int) -> None:
    import xlsxwriter

    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        sheet = book.add_worksheet("Accounts")
        sheet.write_row(0, 0, COLUMNS)
        for at, row in enumerate(rows(count), start=1):
            sheet.write_row(at, 0, [*row[:3], float(str(row[3])), *row[4:]])


def write_sqlite(path: Path, count: int) -> None:
    with closing(sqlite3.connect(path)) as database:
        names = ", ".join(COLUMNS[1:])
        database.execute(f"CREATE TABLE accounts (id INTEGER PRIMARY KEY, {names})")
        database.executemany("INSERT INTO accounts VALUES (?, ?, ?, ?, ?, ?)", rows(count))
        database.commit()


WRITERS: dict[str, Callable[[Path, int], None]] = {
    "csv": write_csv,
    "jsonl": write_json_lines,
    "parquet": write_parquet,
    "xlsx": write_xlsx,
    "sqlite": write_sqlite,
}


def read_and_split(path: Path, folder: Path) -> dict[str, object]:
    """In this process: one source to passages; what is made is forgotten at once."""
    count = HashEmbedder().count_tokens
    started, used = time.perf_counter(), time.process_time()
    passages = found = 0
    if path.suffix == ".sqlite":
        address = parse(f"sqlite:///{path}#accounts", Path(), Path())
        readouts = read_database(address, Config(), folder)
    else:
        readouts = read_table_file(path, path.name, Config(), folder)
    for readout in readouts:
        made = split_document(readout.document, max_tokens=512, size=200, count_tokens=count)
        passages += len(made)
        found += sum(1 for one in made if one.kind == "row")
    seconds, processor = time.perf_counter() - started, time.process_time() - used
    return {
        "rows": found,
        "passages": passages,
        "seconds": round(seconds, 1),
        "processor_seconds": round(processor, 1),
        "rows_a_second": round(found / seconds),
        "rows_a_processor_second": round(found / processor),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / MEGABYTE),
    }


def index(path: Path, folder: Path) -> dict[str, object]:
    """The same, embedded by hashing and committed."""
    from pakar.backends.lancedb_store import LanceStore
    from pakar.documents.split import embedding_text
    from pakar.flows.reading import SourceReader, fingerprint
    from pakar.index.build import Indexer, Steps
    from pakar.index.tables import TableStore
    from pakar.index.texts import TextStore
    from pakar.types import Document, Passage

    embedder = HashEmbedder()

    def split(document: Document) -> list[Passage]:
        return split_document(
            document, max_tokens=512, size=200, count_tokens=embedder.count_tokens
        )

    settings = Config.model_validate({"reading": {"seconds": 3_600}})
    steps = Steps(
        SourceReader(settings, folder).read,
        split,
        embedding_text,
        lambda passage: passage.text.lower().split(),
        fingerprint,
    )
    store = LanceStore(folder / "index", embedder.info.dimensions)
    tables, texts = TableStore(folder / "tables"), TextStore(folder / "texts")
    started, used = time.perf_counter(), time.process_time()
    report = Indexer(steps, embedder, store, texts, tables=tables).add(
        [Found(path.name, path)], [path.name]
    )
    seconds = time.perf_counter() - started
    return {
        "passages": report.passages,
        "failed": [one.error for one in report.failed],
        "seconds": round(seconds, 1),
        "processor_seconds": round(time.process_time() - used, 1),
        "passages_a_second": round(report.passages / seconds),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / MEGABYTE),
    }


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000])
    options.add_argument("--formats", nargs="+", default=list(WRITERS), choices=list(WRITERS))
    options.add_argument("--index", action="store_true")
    options.add_argument("--one", nargs=3, metavar=("WHAT", "FILE", "FOLDER"))
    chosen = options.parse_args()
    if chosen.one:
        what, file, folder = chosen.one
        run = index if what == "index" else read_and_split
        print(json.dumps(run(Path(file), Path(folder))))
        return
    results = []
    for kind in chosen.formats:
        for count in chosen.rows:
            with tempfile.TemporaryDirectory() as place:
                path = Path(place) / f"table.{kind}"
                WRITERS[kind](path, count)
                what = "index" if chosen.index else "read"
                folder = Path(place) / "made"
                folder.mkdir()
                done = subprocess.run(
                    [sys.executable, __file__, "--one", what, str(path), str(folder)],
                    stdout=subprocess.PIPE,
                    check=True,
                )
                size = round(path.stat().st_size / MEGABYTE, 1)
                results.append({"format": kind, "mb": size, **json.loads(done.stdout)})
                print(json.dumps(results[-1]), file=sys.stderr)
    print(json.dumps({"results": results}, indent=1))


if __name__ == "__main__":
    main()
