"""What a user of an expert with tables relies on: found, cited to the cell, and kept up to date."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from pakar import Expert, TableFile
from pakar.cli.main import app
from pakar.ports import TextRole, Vectors
from pakar.testing import HashEmbedder

FEES = "Service,Fee\nCheque book,50\nLost debit card,200\nLocker,900\n"


@pytest.fixture
def expert(tmp_path: Path, testing_backend: str) -> Expert:
    made = Expert.create(tmp_path / "bank", embedder=testing_backend)
    write(made, "fees.csv", FEES)
    return made


def write(expert: Expert, name: str, text: str) -> Path:
    path = expert.folder / "documents" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def add(expert: Expert) -> object:
    return expert.add(expert.folder / "documents")


def long_table(rows: int, *, changed: int = 0) -> str:
    lines = [f"{n},{'new' if n == changed else 'old'} name {n}\n" for n in range(1, rows + 1)]
    return "id,name\n" + "".join(lines)


class Counting(HashEmbedder):
    """Counts the texts that are embedded."""

    def __init__(self) -> None:
        super().__init__(64)
        self.texts = 0

    def embed(self, texts: Sequence[str], role: TextRole) -> Vectors:
        self.texts += len(texts)
        return super().embed(texts, role)


def counted(expert: Expert) -> Counting:
    """The expert's embedder, from now on one that counts."""
    spec = expert.embedder.info
    counting = Counting()
    counting.__class__ = type("Named", (Counting,), {"info": property(lambda self: spec)})
    expert.__dict__["embedder"] = counting
    return counting


def test_an_answer_cites_the_row_by_its_cells(expert: Expert) -> None:
    add(expert)

    answer = expert.ask("What is the fee for a lost debit card?", route="extract")

    cited = [one for one in answer.citations if one.place == "A3:B3"]
    assert cited[0].quote == "Service: Lost debit card | Fee: 200"
    document = expert.document("documents/fees.csv")
    assert document.text[cited[0].start : cited[0].end] == cited[0].quote


def test_search_finds_rows_with_their_place_and_the_card_as_summary(expert: Expert) -> None:
    add(expert)

    (row,) = expert.search("lost debit card fee", 1, kinds=["row"])
    (card,) = expert.search("fee", 1, kinds=["summary"])

    assert (row.place, row.kind) == ("A3:B3", "row")
    assert "Table: 3 rows, 2 columns: Service, Fee." in card.text


def test_the_command_line_shows_the_place(expert: Expert) -> None:
    at = ["--expert", str(expert.folder)]
    CliRunner().invoke(app, ["add", str(expert.folder / "documents"), *at])

    found = CliRunner().invoke(app, ["search", "lost debit card fee", "--kind", "row", *at])
    printed = CliRunner().invoke(app, ["search", "debit", "--kind", "row", "--json", *at])

    assert "documents/fees.csv, A3:B3" in found.stdout
    assert json.loads(printed.stdout)["hits"][0]["place"].startswith("A")


def test_every_table_lies_as_a_typed_file_that_points_into_the_text(expert: Expert) -> None:
    add(expert)

    (table,) = expert.tables()

    assert (table.document, table.rows) == ("documents/fees.csv", 3)
    assert [(one.name, one.type) for one in table.columns] == [
        ("Service", "text"), ("Fee", "integer"),
    ]  # fmt: skip
    row = pq.read_table(table.path).to_pylist()[1]
    text = expert.document(row["_document"]).text
    assert text[row["_start"] : row["_end"]] == "Service: Lost debit card | Fee: 200"
    assert (row["Fee"], row["_place"]) == (200, "A3:B3")


def test_a_table_file_goes_with_its_document(expert: Expert) -> None:
    add(expert)
    write(expert, "fees.csv", FEES.replace("200", "210"))
    add(expert)

    assert len(expert.tables()) == 1
    expert.remove("documents/fees.csv")
    assert expert.tables() == ()
    # What the history still has goes when it is forgotten.
    expert.remove("documents/fees.csv", forget=True)
    assert list(expert.folder.rglob("*.parquet")) == []


def test_a_changed_row_is_the_only_one_embedded_again(expert: Expert) -> None:
    write(expert, "big.csv", long_table(2_300))
    add(expert)
    write(expert, "big.csv", long_table(2_300, changed=1_500))
    embedder = counted(expert)

    report = expert.add(expert.folder / "documents")

    assert report.updated == ("documents/big.csv",)
    assert embedder.texts <= 5  # the row, and what of the card has changed
    (hit,) = expert.search("new name 1500", 1, kinds=["row"])
    assert hit.document == "documents/big.csv#part2"


def test_a_table_that_got_shorter_loses_its_last_parts(expert: Expert) -> None:
    write(expert, "big.csv", long_table(2_300))
    add(expert)
    write(expert, "big.csv", long_table(1_100))
    add(expert)

    names = expert.status().documents
    assert [name for name in names if "big" in name] == [
        "documents/big.csv", "documents/big.csv#part1", "documents/big.csv#part2",
    ]  # fmt: skip
    assert sum(table.rows for table in expert.tables() if "big" in table.document) == 1_100
    expert.remove("documents/big.csv")
    assert expert.status().documents == ("documents/fees.csv",)


def test_a_long_table_that_is_gone_takes_its_parts_with_it(expert: Expert) -> None:
    path = write(expert, "big.csv", long_table(2_300))
    add(expert)
    path.unlink()

    report = expert.add(expert.folder / "documents")

    assert "documents/big.csv" in report.removed
    assert expert.status().documents == ("documents/fees.csv",)


def test_an_unchanged_folder_is_unchanged(expert: Expert) -> None:
    write(expert, "big.csv", long_table(1_500))
    add(expert)
    embedder = counted(expert)

    report = expert.add()

    assert report.unchanged == ("documents/big.csv", "documents/fees.csv")
    assert (embedder.texts, report.passages) == (0, 0)


def test_a_reindex_keeps_tables_and_databases(expert: Expert) -> None:
    bank(expert)
    add(expert)
    expert.add(f"sqlite:///{expert.folder}/bank.db")

    expert.reindex()

    assert {table.document for table in expert.tables()} == {
        "documents/fees.csv", "sqlite:///bank.db#accounts", "sqlite:///bank.db#branches",
    }  # fmt: skip


def test_all_tables_of_a_database_are_followed(expert: Expert) -> None:
    path = bank(expert)
    report = expert.add(f"sqlite:///{path}")
    assert report.added == ("sqlite:///bank.db#accounts", "sqlite:///bank.db#branches")
    assert expert.add().unchanged == report.added

    with closing(sqlite3.connect(path)) as database:
        database.executescript("DROP TABLE branches; UPDATE accounts SET owner = 'Zoe'")
    report = expert.add()

    assert report.updated == ("sqlite:///bank.db#accounts",)
    assert report.removed == ("sqlite:///bank.db#branches",)
    (hit,) = expert.search("Zoe", 1, kinds=["row"])
    assert hit.place == "accounts[id=7]"


def test_a_folder_says_how_a_database_in_it_is_added(expert: Expert) -> None:
    path = bank(expert)

    report = expert.add(expert.folder / "bank.db", expert.folder / "documents")

    assert report.failed[0].source == "bank.db"
    assert "sqlite:///bank.db#TABLE" in report.failed[0].hint
    assert path.exists()


def test_questions_and_examples_of_the_expert_are_no_documents(expert: Expert) -> None:
    (expert.folder / "questions.jsonl").write_text('{"id": "1", "question": "Fee?"}\n')
    (expert.folder / "examples" / "curated.jsonl").write_text('{"question": "a", "answer": "b"}\n')

    report = expert.add(expert.folder)

    assert report.added == ("documents/fees.csv",)
    assert {one.source for one in report.skipped} >= {"questions.jsonl", "examples/curated.jsonl"}


def test_an_address_with_a_password_is_refused_and_not_repeated(expert: Expert) -> None:
    at = ["--expert", str(expert.folder), "--json"]
    secret = "s3cret#!"

    done = CliRunner().invoke(app, ["add", f"postgresql://ann:{secret}@127.0.0.1:1/bank#fees", *at])

    assert done.exit_code == 3
    assert secret not in done.output
    assert "PGPASSWORD" in json.loads(done.stdout)["failed"][0]["hint"]
    assert all(
        secret.encode() not in path.read_bytes()
        for path in expert.folder.rglob("*")
        if path.is_file()
    )


@pytest.mark.slow
def test_a_killed_add_of_a_long_table_is_finished_by_the_next(
    expert: Expert, testing_backend: str
) -> None:
    write(expert, "big.csv", long_table(4_000))
    add(expert)
    write(expert, "big.csv", long_table(3_500, changed=700).replace("old", "other"))
    command = [sys.executable, "-m", "pakar", "add", "--expert", str(expert.folder)]
    for wait in (3.0, 5.0):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(wait)
        process.send_signal(signal.SIGKILL)
        process.wait()
        consistent(expert)

    Expert.open(expert.folder).add()

    fresh = Expert.create(expert.folder.parent / "fresh", embedder=testing_backend)
    write(fresh, "big.csv", (expert.folder / "documents" / "big.csv").read_text())
    write(fresh, "fees.csv", FEES)
    add(fresh)
    assert contents(expert) == contents(fresh)
    consistent(expert)


def consistent(expert: Expert) -> None:
    """Every row of every listed table is what the document says at its offsets."""
    opened = Expert.open(expert.folder)
    for table in opened.tables():
        for row in rows_of(table)[::97]:
            line = opened.document(str(row["_document"])).text[row["_start"] : row["_end"]]  # type: ignore[misc]
            assert str(row[table.columns[0].name]) in line


def rows_of(table: TableFile) -> list[dict[str, object]]:
    found: list[dict[str, object]] = pq.read_table(table.path).to_pylist()
    return found


def contents(expert: Expert) -> dict[str, str]:
    opened = Expert.open(expert.folder)
    names = opened.status().documents
    return {name: opened.document(name).text for name in names} | {
        f"table {table.document}": repr(rows_of(table)) for table in opened.tables()
    }


def bank(expert: Expert) -> Path:
    path = expert.folder / "bank.db"
    with closing(sqlite3.connect(path)) as database:
        database.executescript(
            """CREATE TABLE accounts (id INTEGER PRIMARY KEY, owner TEXT);
            INSERT INTO accounts VALUES (7, 'Ann');
            CREATE TABLE branches (city TEXT); INSERT INTO branches VALUES ('Bern');"""
        )
    return path
