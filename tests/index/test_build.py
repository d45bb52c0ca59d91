"""What users of `pakar add` rely on: only what changed, nothing lost, no bad file stops it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from line_folder import File, Folder, read_lines

from pakar.errors import ModelError, SourceError
from pakar.index.build import BatchLimits
from pakar.index.changes import is_below
from pakar.ports import Filter, TextRole, Vectors
from pakar.testing import HashEmbedder
from pakar.types import Document


class CountingEmbedder(HashEmbedder):
    """Counts texts, and fails or is interrupted when told so."""

    def __init__(self) -> None:
        super().__init__()
        self.texts = 0
        self.fail_after: int | None = None
        self.failure: BaseException = KeyboardInterrupt()

    def embed(self, texts: Sequence[str], role: TextRole) -> Vectors:
        if self.fail_after is not None and self.texts >= self.fail_after:
            raise self.failure
        self.texts += len(texts)
        return super().embed(texts, role)


def test_a_folder_is_indexed_and_each_text_can_be_read_back(folder: Folder) -> None:
    folder.write("a.txt", "one fee\ntwo")
    folder.write("sub/b ü.txt", "three")

    report = folder.indexer().add(folder.files(), ["docs"])

    assert report.added == ("docs/a.txt", "docs/sub/b ü.txt")
    assert (report.passages, report.failed, report.updated, report.removed) == (3, (), (), ())
    snapshot = folder.store().snapshot()
    (hit,) = snapshot.search_terms(["fee"], 5, Filter())
    document = folder.texts.load(hit.passage.document, snapshot.documents()[hit.passage.document])
    assert document.text[hit.passage.start : hit.passage.end] == "one fee"


def test_what_did_not_change_is_neither_read_nor_embedded_again(folder: Folder) -> None:
    for name in "abc":
        folder.write(f"{name}.txt", f"text {name}")
    folder.indexer().add(folder.files(), ["docs"])
    folder.write("b.txt", "another text")
    embedder, read = CountingEmbedder(), []

    def reading(file: File) -> Document:
        read.append(file.name)
        return read_lines(file)

    report = folder.indexer(embedder=embedder, read=reading).add(folder.files(), ["docs"])

    assert (report.updated, report.unchanged) == (("docs/b.txt",), ("docs/a.txt", "docs/c.txt"))
    assert (read, embedder.texts, report.passages) == (["docs/b.txt"], 1, 1)


def test_force_indexes_unchanged_documents_again(folder: Folder) -> None:
    folder.write("a.txt", "text")
    folder.indexer().add(folder.files(), ["docs"])

    report = folder.indexer().add(folder.files(), ["docs"], force=True)

    assert (report.updated, report.passages) == (("docs/a.txt",), 1)
    assert folder.store().count() == 1


def test_a_document_whose_text_was_lost_is_indexed_again(folder: Folder) -> None:
    folder.write("a.txt", "text")
    folder.indexer().add(folder.files(), ["docs"])
    for path in (folder.path / "texts").rglob("*.json"):
        path.unlink()

    report = folder.indexer().add(folder.files(), ["docs"])

    assert report.updated == ("docs/a.txt",)
    assert folder.texts.has("docs/a.txt", folder.store().snapshot().documents()["docs/a.txt"])


def test_a_deleted_file_leaves_the_index_if_it_lay_below_a_root(folder: Folder) -> None:
    folder.write("x/a.txt", "first")
    folder.write("xy/b.txt", "second")
    folder.indexer().add(folder.files(), ["docs"])
    (folder.sources / "x/a.txt").unlink()
    (folder.sources / "xy/b.txt").unlink()

    report = folder.indexer().add([], ["docs/x"])

    assert report.removed == ("docs/x/a.txt",)
    assert set(folder.store().snapshot().documents()) == {"docs/xy/b.txt"}


@pytest.mark.parametrize(
    ("name", "root", "expected"),
    [
        ("docs/a.txt", "docs", True),
        ("docs/a.txt", "docs/", True),
        ("docs/a.txt", "docs/a.txt", True),
        ("docs2/a.txt", "docs", False),
        ("docs/a.txt", ".", True),
        ("/srv/a.txt", ".", False),
        ("/srv/a.txt", "/srv", True),
        ("/srv/a.txt", "/", True),
    ],
)
def test_below_a_root(name: str, root: str, expected: bool) -> None:
    assert is_below(name, root) is expected


def test_an_unreadable_document_stops_nothing_and_its_old_text_goes(folder: Folder) -> None:
    folder.write("a.txt", "old words")
    folder.indexer().add(folder.files(), ["docs"])
    folder.write("a.txt", "BROKEN")
    folder.write("b.txt", "fine")

    report = folder.indexer().add(folder.files(), ["docs"])

    (failure,) = report.failed
    assert (failure.source, failure.error) == ("docs/a.txt", "broken")
    assert failure.hint.startswith("Mend it. Its earlier text was removed")
    assert report.added == ("docs/b.txt",)
    assert set(folder.store().snapshot().documents()) == {"docs/b.txt"}


@pytest.mark.parametrize(
    ("text", "error"),
    [("", "no text"), ("\n\n", "no text"), ("lone \ud800 surrogate", "not valid Unicode")],
)
def test_a_document_that_cannot_be_stored_is_reported(
    folder: Folder, text: str, error: str
) -> None:
    folder.write("a.txt", text)
    folder.write("b.txt", "fine")

    report = folder.indexer().add(folder.files(), ["docs"])

    assert [failure.source for failure in report.failed] == ["docs/a.txt"]
    assert error in report.failed[0].error
    assert report.failed[0].hint
    assert report.added == ("docs/b.txt",)


def test_a_fault_in_a_reader_costs_one_document_and_says_so(folder: Folder) -> None:
    folder.write("a.txt", "strange")
    folder.write("b.txt", "fine")

    def reading(file: File) -> Document:
        if file.name == "docs/a.txt":
            raise IndexError("list index out of range")
        return read_lines(file)

    report = folder.indexer(read=reading).add(folder.files(), ["docs"])

    assert "IndexError" in report.failed[0].error
    assert "report it" in report.failed[0].hint
    assert report.added == ("docs/b.txt",)


@pytest.mark.parametrize("in_reader", [False, True])
def test_a_file_that_cannot_be_opened_keeps_what_was_indexed(
    folder: Folder, in_reader: bool
) -> None:
    folder.write("a.txt", "words")
    folder.indexer().add(folder.files(), ["docs"])
    files = folder.files()
    if in_reader:
        folder.write("a.txt", "other words")

    def reading(file: File) -> Document:
        try:
            raise PermissionError(13, "Permission denied")
        except OSError as error:
            raise SourceError("cannot be opened") from error

    if not in_reader:
        files = [File("docs/a.txt", folder.path / "gone" / "a.txt")]
    report = folder.indexer(read=reading).add(files, ["docs"])

    assert "stays in the index" in report.failed[0].hint
    assert (report.removed, folder.store().count()) == ((), 1)


def test_warnings_name_their_document(folder: Folder) -> None:
    folder.write("a.txt", "WARN")

    report = folder.indexer().add(folder.files(), ["docs"])

    assert report.warnings == ("docs/a.txt: a picture was skipped",)


def test_equal_content_under_two_names_is_two_documents(folder: Folder) -> None:
    folder.write("a.txt", "same")
    folder.write("b.txt", "same")

    folder.indexer().add([*folder.files(), *folder.files()], ["docs"])

    assert folder.store().count() == 2
    for name, content_hash in folder.store().snapshot().documents().items():
        assert folder.texts.load(name, content_hash).name == name


def test_an_interrupted_run_keeps_its_commits_and_the_next_finishes(folder: Folder) -> None:
    for number in range(6):
        folder.write(f"{number}.txt", f"text {number}")
    embedder = CountingEmbedder()
    embedder.fail_after = 4
    limits = BatchLimits(documents=2)
    with pytest.raises(KeyboardInterrupt):
        folder.indexer(limits=limits, embedder=embedder).add(folder.files(), ["docs"])
    assert folder.store().count() == 4

    embedder.fail_after = None
    report = folder.indexer(limits=limits, embedder=embedder).add(folder.files(), ["docs"])

    assert (len(report.unchanged), len(report.added), embedder.texts) == (4, 2, 6)


def test_a_failing_model_is_an_error_and_no_document_is_blamed(folder: Folder) -> None:
    folder.write("a.txt", "text")
    embedder = CountingEmbedder()
    embedder.fail_after, embedder.failure = 0, ModelError("out of memory")

    with pytest.raises(ModelError, match="out of memory"):
        folder.indexer(embedder=embedder).add(folder.files(), ["docs"])
    assert folder.store().count() == 0


def test_progress_counts_documents_and_passages(folder: Folder) -> None:
    folder.write("a.txt", "one\ntwo")
    folder.write("b.txt", "three")
    told: list[tuple[int, int, int, str]] = []

    folder.indexer().add(
        folder.files(),
        ["docs"],
        progress=lambda done, total, passages, current: told.append(
            (done, total, passages, current)
        ),
    )

    assert told == [
        (1, 2, 0, "docs/a.txt"),
        (2, 2, 0, "docs/b.txt"),
        (2, 2, 3, "docs/b.txt"),
    ]


def test_removing_documents_by_name(folder: Folder) -> None:
    folder.write("a'1.txt", "one")
    folder.write("b.txt", "two")
    folder.indexer().add(folder.files(), ["docs"])

    report = folder.indexer().remove(["docs/a'1.txt", "docs/none.txt"])

    assert report.removed == ("docs/a'1.txt",)
    assert [failure.source for failure in report.failed] == ["docs/none.txt"]
    assert set(folder.store().snapshot().documents()) == {"docs/b.txt"}


def test_a_reader_during_a_build_sees_whole_documents_only(folder: Folder) -> None:
    for number in range(30):
        folder.write(f"{number}.txt", "\n".join(f"word{number} {line}" for line in range(5)))
    done, wrong, seen = threading.Event(), [], set()

    def read() -> None:
        store = folder.store()
        while not done.is_set():
            snapshot = store.snapshot()
            seen.add(len(snapshot.documents()))
            for name, content_hash in snapshot.documents().items():
                hits = snapshot.search_terms([f"word{Path(name).stem}"], 99, Filter())
                if len(hits) != 5 or not folder.texts.has(name, content_hash):
                    wrong.append(name)

    reader = threading.Thread(target=read)
    reader.start()
    folder.indexer(limits=BatchLimits(documents=3)).add(folder.files(), ["docs"])
    done.set()
    reader.join()

    assert wrong == []
    assert len(seen) > 2
