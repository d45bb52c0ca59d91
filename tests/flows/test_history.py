"""What users rely on in the history: what changed is shown, comes back, and can be forgotten."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pakar import ConfigError, Expert, StoreError
from pakar.backends.lancedb_store import LanceStore
from pakar.index import generations
from pakar.index.probe import probe
from pakar.index.texts import TextStore

FEES = "# Fees\n\nA cheque book costs 50 rupees. A locker costs 900 rupees a year.\n"
NEW_FEES = "# Fees\n\nA cheque book costs 75 rupees. A locker costs 900 rupees a year.\n"
CARDS = "# Cards\n\nCall 1800-22-33 to block a lost debit card. The line is open day and night.\n"


@pytest.fixture
def expert(tmp_path: Path, testing_backend: str) -> Expert:
    """Version 1 has fees and cards; in version 2 a fee changed, cards went, loans came."""
    made = Expert.create(tmp_path / "bank", embedder=testing_backend)
    write(made, "fees.md", FEES)
    write(made, "cards.md", CARDS)
    made.add(made.folder / "documents")
    write(made, "fees.md", NEW_FEES)
    (made.folder / "documents" / "cards.md").unlink()
    write(made, "loans.md", "# Loans\n\nA car loan takes three days.\n")
    made.add(made.folder / "documents")
    return made


def write(expert: Expert, name: str, text: str) -> None:
    path = expert.folder / "documents" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def rows(expert: Expert) -> set[tuple[object, ...]]:
    """All that the index holds, vectors and words included."""
    store = LanceStore(generations.current(expert.folder / ".pakar"), 64)
    return {
        (row.passage.id, row.content_hash, tuple(row.terms), tuple(row.vector.tolist()))
        for row in store.snapshot().rows()
    }


def test_each_change_is_a_version_and_a_run_without_changes_is_none(expert: Expert) -> None:
    expert.add()

    kept = expert.history()

    assert [(one.number, one.command, len(one.documents)) for one in kept.versions] == [
        (1, "add", 2),
        (2, "add", 2),
    ]
    assert kept.megabytes > 0


def test_a_difference_shows_documents_passages_and_sentences(expert: Expert) -> None:
    found = expert.diff(1)

    shown = {one.document: (one.kind, one.gone, one.new) for one in found.changes}
    assert (found.first, found.second) == (1, 2)
    assert shown["documents/fees.md"] == (
        "changed",
        ("A cheque book costs 50 rupees.",),
        ("A cheque book costs 75 rupees.",),
    )
    assert shown["documents/cards.md"][0] == "removed"
    assert "Call 1800-22-33 to block a lost debit card." in shown["documents/cards.md"][1]
    assert shown["documents/loans.md"][0] == "added"
    (fees,) = [one for one in found.changes if one.document == "documents/fees.md"]
    assert (fees.passages_gone, fees.passages_new) == (1, 1)


def test_the_other_way_round_gone_and_new_change_places(expert: Expert) -> None:
    there, back = expert.diff(1, 2), expert.diff(2, 1)

    assert {(one.document, one.gone, one.new) for one in there.changes} == {
        (one.document, one.new, one.gone) for one in back.changes
    }
    assert expert.diff(2, 2).changes == ()


def test_questions_that_find_other_passages_are_named(expert: Expert) -> None:
    questions = ["What does a cheque book cost?", "How long does a car loan take?"]
    lines = [json.dumps({"id": str(n), "question": q}) for n, q in enumerate(questions)]
    (expert.folder / "questions.jsonl").write_text("\n".join(lines))

    found = expert.diff(1)
    same = expert.diff(2, 2)

    assert {one.question for one in found.answers} == set(questions)
    assert all("documents/loans.md" in one.new for one in found.answers)
    assert (found.asked, found.note) == (2, "")
    assert (same.asked, same.answers) == (2, ())
    assert expert.diff(1, ask=False).asked == 0


def test_a_rollback_brings_everything_back_as_it_was(expert: Expert) -> None:
    second = rows(expert)

    report = expert.rollback(1)

    assert (report.added, report.updated, report.removed) == (
        ("documents/cards.md",),
        ("documents/fees.md",),
        ("documents/loans.md",),
    )
    answer = expert.ask("What does a cheque book cost?", route="extract")
    assert "50 rupees" in answer.text
    assert "50 rupees" in answer.citations[0].quote
    assert [one.command for one in expert.history().versions][-1] == "rollback to 1"
    expert.rollback(2)
    assert rows(expert) == second


def test_after_a_rollback_adding_reads_the_files_again(expert: Expert) -> None:
    expert.rollback(1)

    report = expert.add()

    assert report.updated == ("documents/fees.md",)
    assert "75 rupees" in expert.document("documents/fees.md").text


def test_a_version_built_otherwise_is_refused_in_one_line(expert: Expert) -> None:
    before = rows(expert)
    file = expert.folder / "pakar.toml"
    file.write_text(file.read_text().replace("tokens = 200", "tokens = 64", 1))
    other = Expert.open(expert.folder)
    other.reindex()

    with pytest.raises(StoreError, match="version 1 was built with tokens a passage 200") as caught:
        other.rollback(1)

    assert "\n" not in str(caught.value)
    assert "reindex" in caught.value.hint
    assert {row[0] for row in rows(other)} == {row[0] for row in before}


@pytest.mark.parametrize("number", [0, 3, -1])
def test_a_version_that_is_not_kept_is_named(expert: Expert, number: int) -> None:
    with pytest.raises(ConfigError, match=f"no version {number}: kept are 1 to 2"):
        expert.rollback(number)


def test_only_so_many_versions_are_kept_and_nothing_of_older_ones(expert: Expert) -> None:
    file = expert.folder / "pakar.toml"
    file.write_text(file.read_text().replace("versions = 50", "versions = 2"))
    expert = Expert.open(expert.folder)
    write(expert, "fees.md", FEES + "\nMore.\n")
    expert.add()

    assert [one.number for one in expert.history().versions] == [2, 3]
    assert b"Call 1800-22-33" not in all_bytes(expert.folder / ".pakar" / "history")


def test_versions_grow_old(expert: Expert) -> None:
    for path in (expert.folder / ".pakar" / "history" / "versions").glob("*.json"):
        data = json.loads(path.read_text())
        data["created"] = (datetime.now(UTC) - timedelta(days=31)).isoformat()
        path.write_text(json.dumps(data))
    write(expert, "fees.md", FEES)

    expert.add()

    assert [one.number for one in expert.history().versions] == [3]


def test_without_history_nothing_is_kept(tmp_path: Path, testing_backend: str) -> None:
    made = Expert.create(tmp_path / "bank", embedder=testing_backend)
    file = made.folder / "pakar.toml"
    file.write_text(file.read_text().replace("versions = 50", "versions = 0"))
    made = Expert.open(made.folder)
    write(made, "fees.md", FEES)
    made.add(made.folder / "documents")
    write(made, "fees.md", NEW_FEES)

    report = made.add()

    assert report.probed > 0
    assert made.history().versions == ()
    assert list((made.folder / ".pakar" / "history").rglob("*.arrow")) == []


def test_a_damaged_version_is_named_with_the_way_out(expert: Expert) -> None:
    file = sorted((expert.folder / ".pakar" / "history" / "versions").glob("*.json"))[0]
    file.write_text("{")

    with pytest.raises(StoreError, match="damaged") as caught:
        expert.history()

    assert "Delete that file" in caught.value.hint


def all_bytes(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def test_what_is_forgotten_is_in_no_file(expert: Expert) -> None:
    derived = expert.folder / ".pakar"
    secret = b"Call 1800-22-33 to block a lost debit card."
    (expert.folder / "questions.jsonl").write_text('{"id": "1", "question": "How to block?"}\n')
    expert.rollback(1)
    expert.compare(routes=["extract"])
    assert secret in all_bytes(derived / "comparisons")
    assert secret in all_bytes(generations.current(derived))

    report = expert.remove("documents/cards.md", forget=True)

    assert (report.removed, report.failed) == (("documents/cards.md",), ())
    assert report.probed > 0
    assert secret not in all_bytes(derived)
    for version in expert.history().versions:
        assert "documents/cards.md" not in version.documents
    assert expert.status().documents == ("documents/fees.md",)
    assert "50 rupees" in expert.ask("What does a cheque book cost?", route="extract").text
    expert.rollback(2)
    assert expert.status().documents == ("documents/fees.md", "documents/loans.md")


def test_what_only_the_history_has_is_forgotten_too(expert: Expert) -> None:
    report = expert.remove("documents/cards.md", "documents/none.md", forget=True)

    assert report.removed == ()
    assert [one.source for one in report.failed] == ["documents/none.md"]
    assert b"1800-22-33" not in all_bytes(expert.folder / ".pakar")
    assert "documents/fees.md" in expert.status().documents


def test_what_another_document_says_too_stays(expert: Expert) -> None:
    write(expert, "copy.md", CARDS)
    expert.add()

    report = expert.remove("documents/cards.md", forget=True)

    assert report.failed == ()
    assert "1800-22-33" in expert.document("documents/copy.md").text


@pytest.mark.parametrize("change", ["update", "remove"])
def test_old_text_is_neither_found_nor_quoted(expert: Expert, change: str) -> None:
    if change == "update":
        write(expert, "fees.md", FEES)
        report = expert.add()
    else:
        report = expert.remove("documents/fees.md")
    old = "A cheque book costs 75 rupees."

    assert (report.failed, report.probed > 0) == ((), True)
    for question in (old, "75 rupees", "What does a cheque book cost?"):
        hits = expert.search(question, 50)
        assert not any(old in hit.text for hit in hits)
        answer = expert.ask(question, route="extract")
        assert old not in answer.text
        assert not any("75" in one.quote for one in answer.citations)


def test_the_probe_finds_text_that_was_left_behind(expert: Expert) -> None:
    store = LanceStore(generations.current(expert.folder / ".pakar"), 64)
    left = list(store.snapshot().rows(["documents/fees.md"]))
    texts = TextStore(expert.folder / ".pakar" / "texts")

    # The passages are there as before, and the document's text is another one.
    document = texts.load("documents/fees.md", left[0].content_hash)
    texts.save(replace(document, text="Another text."))
    found = probe(left, store.snapshot(), texts)

    (failure,) = found.found
    assert failure.source == "documents/fees.md"
    for place in ("among its passages", "by its words", "by its meaning"):
        assert place in failure.error
