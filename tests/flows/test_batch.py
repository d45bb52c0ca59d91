"""`Expert.batch` answers a file's rows, goes on after a kill, and survives hostile tables."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pakar import ConfigError, EndpointError, Expert, ModelError, SourceError
from pakar.flows.batch import PATIENCE, BatchProgress, BatchRequest, answered
from pakar.flows.batch_journal import BatchJournal, Outcome
from pakar.flows.row_files import harmless, read_rows, write_rows

FEES = """# Fees

A cheque book costs 50 rupees. A locker costs 900 rupees a year.

# Cards

A lost debit card is blocked by calling the bank at once. A new card costs 120 rupees.
"""
EXTRACT = BatchRequest("extract")
TOPIC = {
    "type": "object",
    "properties": {
        "topic": {"enum": ["card", "fee"], "description": "What it is about"},
        "urgent": {"type": "boolean"},
    },
}


@pytest.fixture
def expert(testing_backend: str, tmp_path: Path) -> Expert:
    """A small bank; its model says what the file answers.txt says, line by line."""
    (tmp_path / "answers.txt").touch()
    made = Expert.create(
        tmp_path / "bank",
        embedder=testing_backend,
        language_model=f"testing:{tmp_path / 'answers.txt'}",
    )
    (made.folder / "documents").mkdir()
    (made.folder / "documents" / "fees.md").write_text(FEES, encoding="utf-8")
    made.add(made.folder / "documents")
    return made


def says(expert: Expert, *lines: str) -> Expert:
    """The same expert, opened again with a model that says these lines."""
    (expert.folder.parent / "answers.txt").write_text("\n".join(lines), encoding="utf-8")
    return Expert.open(expert.folder)


def table(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def cells(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_row_is_answered_with_its_sources(expert, tmp_path) -> None:
    source = table(
        tmp_path / "in.csv",
        "id,question\nq1,What does a cheque book cost?\nq2,Who won the football cup?\n",
    )
    done = expert.batch(source, tmp_path / "out.csv", EXTRACT)
    first, second = cells(tmp_path / "out.csv")
    assert first["id"] == "q1" and "50 rupees" in first["answer"]
    assert first["sources"] == "documents/fees.md, Fees"
    assert first["review"] == "" and first["route"] == "extract"
    assert second["abstained"] == "yes" and second["sources"] == ""
    assert second["review"] == "the documents do not answer it"
    assert (done.rows, done.asked, done.review, done.failed) == (2, 2, 1, ())
    assert not (tmp_path / "out.csv.journal").exists()


def test_json_lines_keep_what_they_had_and_get_quotes(expert, tmp_path) -> None:
    source = table(
        tmp_path / "in.jsonl",
        '{"question": "What does a locker cost?", "tags": ["a", {"b": 1}], "answer": "old"}\n',
    )
    expert.batch(source, tmp_path / "out.jsonl", EXTRACT)
    row = json.loads((tmp_path / "out.jsonl").read_text())
    assert row["tags"] == ["a", {"b": 1}] and row["answer"] == "old"
    assert "900 rupees" in row["pakar_answer"]
    quote = row["sources"][0]
    text = expert.document(quote["document"]).text
    assert text[quote["start"] : quote["end"]] == quote["quote"]


def test_fields_are_filled_in_by_the_model(expert, tmp_path) -> None:
    expert = says(expert, "A cheque book costs 50 rupees.", '{"topic": "fee", "urgent": false}')
    (tmp_path / "fields.json").write_text(json.dumps(TOPIC))
    source = table(tmp_path / "in.csv", "question\nWhat does a cheque book cost?\n")
    expert.batch(source, tmp_path / "out.csv", BatchRequest("rag", tmp_path / "fields.json"))
    (row,) = cells(tmp_path / "out.csv")
    assert (row["topic"], row["urgent"]) == ("fee", "no")
    assert row["answer"] == "A cheque book costs 50 rupees."
    asked = expert.model.asked[-1][0].content
    assert "What does a cheque book cost?" in asked and row["answer"] in asked and "card" in asked


@pytest.mark.parametrize(
    "written",
    [
        "no json",
        '{"topic": "fee"',
        '{"topic": "fee"}',
        '{"topic": "loan", "urgent": true}',
        '{"topic": "fee", "urgent": 1}',
        '{"topic": "fee", "urgent": true, "more": 1}',
        "[" * 99_999,
    ],
)
def test_a_model_that_ignores_the_schema_fails_the_row(expert, tmp_path, written) -> None:
    expert = says(expert, written)
    (tmp_path / "fields.json").write_text(json.dumps(TOPIC))
    source = table(tmp_path / "in.csv", "question\nWhat does a cheque book cost?\n")
    request = BatchRequest("rag", tmp_path / "fields.json", answer=False)
    done = expert.batch(source, tmp_path / "out.csv", request)
    assert [one.row for one in done.failed] == [1]
    (row,) = cells(tmp_path / "out.csv")
    assert row["error"] and row["topic"] == ""


def test_labels_are_chosen_by_meaning_without_the_model(expert, tmp_path) -> None:
    kinds = [
        {"const": "card", "description": "a lost debit card is blocked"},
        {"const": "fee", "description": "what a cheque book costs"},
    ]
    schema = {"type": "object", "properties": {"topic": {"oneOf": kinds}}}
    (tmp_path / "fields.json").write_text(json.dumps(schema))
    source = table(tmp_path / "in.csv", "question\nmy debit card is lost\ncheque book costs?\n")
    request = BatchRequest("extract", tmp_path / "fields.json", answer=False, nearest=True)
    expert.batch(source, tmp_path / "out.csv", request)
    assert [row["topic"] for row in cells(tmp_path / "out.csv")] == ["card", "fee"]


def test_failed_rows_are_named_and_only_they_are_asked_again(expert, tmp_path) -> None:
    source = table(
        tmp_path / "in.csv",
        "question,n\nWhat does a cheque book cost?,1\n,2\nWhat does a locker cost?,3,x\n"
        f"{'long ' * 20_000},4\nWhat does a locker cost?,5\n",
    )
    out = tmp_path / "out.csv"
    done = expert.batch(source, out, EXTRACT)
    assert [one.row for one in done.failed] == [2, 3, 4]
    assert "empty" in done.failed[0].error and "3 cells" in done.failed[1].error
    assert [bool(row["answer"]) for row in cells(out)] == [True, False, False, False, True]
    before = out.read_bytes()
    again = expert.batch(source, out, EXTRACT)
    assert (again.asked, again.known) == (0, 2)
    assert out.read_bytes() == before


def test_another_setting_asks_everything_again(expert, tmp_path) -> None:
    source = table(tmp_path / "in.csv", "question\nWhat does a cheque book cost?\n\n,\n")
    source.write_text("question,x\nWhat does a cheque book cost?,\n,only x\n")
    expert.batch(source, tmp_path / "out.csv", EXTRACT)
    (expert.folder / "documents" / "more.md").write_text("# More\n\nA cheque book costs more.\n")
    expert.add()
    assert expert.batch(source, tmp_path / "out.csv", EXTRACT).asked == 1


def test_equal_questions_are_asked_once_and_equal_ids_are_said(expert, tmp_path) -> None:
    source = table(tmp_path / "in.csv", "id,question\n7,A locker?\n7,A locker?\n8,A card?\n")
    done = expert.batch(source, tmp_path / "out.csv", EXTRACT)
    assert done.asked == 2 and done.rows == 3
    assert "repeat a question: 1" in done.notes[0] and "several rows: 1, such as 7" in done.notes[1]


_RUN = """
import os, sys
from pakar import Expert
from pakar.flows.batch import BatchRequest

def watch(now):
    if now.done == int(sys.argv[4]):
        os.kill(os.getpid(), 9)

Expert.open(sys.argv[1]).batch(sys.argv[2], sys.argv[3], BatchRequest("extract"), watch=watch)
"""


@pytest.mark.slow
def test_a_killed_batch_goes_on_and_ends_as_if_undisturbed(expert, tmp_path) -> None:
    rows = "".join(f"{n},What does service {n} of a locker cost?\n" for n in range(30))
    source = table(tmp_path / "in.csv", f"id,question\n{rows}")
    expert.batch(source, tmp_path / "undisturbed.csv", EXTRACT)
    out = tmp_path / "out.csv"
    for done in (4, 17):
        command = [sys.executable, "-c", _RUN, str(expert.folder), str(source), str(out), str(done)]
        assert subprocess.run(command).returncode == -signal.SIGKILL
        assert not out.exists()
        with Path(f"{out}.journal").open("ab") as journal:
            journal.write(b'{"key": "cut off')
    finished = expert.batch(source, out, EXTRACT)
    assert (finished.asked, finished.known) == (13, 17)
    assert out.read_bytes() == (tmp_path / "undisturbed.csv").read_bytes()


def test_an_interrupt_leaves_the_journal_and_no_output(expert, tmp_path) -> None:
    source = table(tmp_path / "in.csv", "question\nA locker?\nA card?\nA cheque book?\n")

    def stop(now: BatchProgress) -> None:
        if now.done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        expert.batch(source, tmp_path / "out.csv", EXTRACT, watch=stop)
    assert not (tmp_path / "out.csv").exists()
    assert expert.batch(source, tmp_path / "out.csv", EXTRACT).known == 2


def test_several_are_asked_at_a_time_and_come_in_order(tmp_path) -> None:
    together = threading.Barrier(3, timeout=20)

    def ask(question: str) -> Outcome:
        together.wait()
        return Outcome(fields={"said": question})

    asked = [str(number) for number in range(9)]
    journal = BatchJournal(tmp_path / "journal")
    found = [
        (one, dict(done.fields)) for one, done in answered(asked, ask, journal, "f", parallel=3)
    ]
    assert found == [(one, {"said": one}) for one in asked]
    assert all(BatchJournal(tmp_path / "journal").get(key) for key in journal._known)


@pytest.mark.parametrize("parallel", [1, 3])
def test_a_dead_endpoint_is_not_asked_for_every_row(tmp_path, parallel) -> None:
    calls = []

    def ask(question: str) -> Outcome:
        calls.append(question)
        raise EndpointError("nobody answers")

    asked = [str(number) for number in range(40)]
    journal = BatchJournal(tmp_path / "journal")
    found = [done.error for _, done in answered(asked, ask, journal, "f", parallel=parallel)]
    assert PATIENCE <= len(calls) <= PATIENCE + parallel
    assert len(found) == 40 and "not asked" in found[-1]


def test_questions_that_fail_do_not_stop_the_others(tmp_path) -> None:
    def ask(question: str) -> Outcome:
        if int(question) < 20:
            raise ModelError("too long")
        return Outcome(fields={})

    asked = [str(number) for number in range(30)]
    found = list(answered(asked, ask, BatchJournal(tmp_path / "journal"), "f"))
    assert sum(not done.error for _, done in found) == 10


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("empty.csv", "", "has no rows"),
        ("heading.csv", "question\n", "has no rows"),
        ("other.csv", "text,id\na,b\n", "no column is called 'question'"),
        ("twice.csv", "question,question\na,b\n", "two columns are called 'question'"),
        ("quote.csv", 'question\n"never closed\nmore\n', "line"),
        ("table.xlsx", "question\na\n", "no form of rows"),
        ("list.jsonl", "[1]\n", "no column is called"),
    ],
)
def test_a_file_that_is_no_table_is_one_error(expert, tmp_path, name, text, said) -> None:
    source = table(tmp_path / name, text)
    with pytest.raises(ConfigError, match=said) as raised:
        expert.batch(source, tmp_path / "out.csv", EXTRACT)
    assert raised.value.hint
    assert not (tmp_path / "out.csv").exists()


def test_a_missing_file_and_an_output_in_the_way_are_errors(expert, tmp_path) -> None:
    with pytest.raises(SourceError, match="cannot be opened"):
        expert.batch(tmp_path / "none.csv", tmp_path / "out.csv", EXTRACT)
    source = table(tmp_path / "in.csv", "question\nA locker?\n")
    with pytest.raises(ConfigError, match="is the input"):
        expert.batch(source, source, EXTRACT)
    mine = table(tmp_path / "mine.csv", "precious\n")
    with pytest.raises(ConfigError, match="exists already"):
        expert.batch(source, mine, EXTRACT)
    assert mine.read_text() == "precious\n"
    expert.batch(source, mine, BatchRequest("extract", overwrite=True))
    assert "A locker?" in mine.read_text()


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ("{", "not valid JSON"),
        ("[]", "no object with properties"),
        ('{"properties": {}}', "0 fields"),
        ('{"properties": {"a": {"type": "object"}}}', "type 'object'"),
        ('{"properties": {"a": {"oneOf": [{"type": "string"}]}}}', "oneOf without const"),
        ('{"properties": {"a": 5}}', "is 5"),
    ],
)
def test_a_wrong_schema_is_said_before_anything_is_asked(expert, tmp_path, schema, said) -> None:
    source = table(tmp_path / "in.csv", "question\nA locker?\n")
    fields = table(tmp_path / "fields.json", schema)
    with pytest.raises(ConfigError, match=said):
        expert.batch(source, tmp_path / "out.csv", BatchRequest("extract", fields))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_other_encodings_and_semicolons_are_read(expert, tmp_path, encoding) -> None:
    text = "id;question\r\n1;What does a cheque book at the café cost?\r\n" * 1
    source = table(tmp_path / "in.csv", text + '2;"A locker;\r\nor two?"\r\n', encoding)
    expert.batch(source, tmp_path / "out.csv", EXTRACT)
    first, second = cells(tmp_path / "out.csv")
    assert "café" in first["question"] and second["question"] == "A locker;\r\nor two?"


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=1+1", "'=1+1"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("-2+3", "'-2+3"),
        ("\t=1", "'\t=1"),
        ("＝1+1", "'＝1+1"),
        ("-5", "-5"),
        ("+62 812 3456", "+62 812 3456"),
        ("-1,234.50%", "-1,234.50%"),
        ("plain", "plain"),
        ("", ""),
    ],
)
def test_a_cell_never_becomes_a_formula(tmp_path, cell, written) -> None:
    assert harmless(cell) == written
    write_rows(tmp_path / "out.csv", ["a"], [{"a": cell}], formulas=True)
    assert cell in (tmp_path / "out.csv").read_bytes().decode()


@given(st.lists(st.dictionaries(st.sampled_from("abc"), st.text(max_size=20)), max_size=5))
def test_what_is_written_can_be_read_again(tmp_path_factory, rows) -> None:
    path = tmp_path_factory.mktemp("rows") / "out.csv"
    wanted = [{name: row.get(name, "").replace("\x00", "") for name in "abc"} for row in rows]
    wanted = [row for row in wanted if any(value.strip() for value in row.values())]
    if not wanted:
        return
    write_rows(path, list("abc"), wanted, formulas=True)
    assert [dict(row.cells) for row in read_rows(path).rows] == wanted
