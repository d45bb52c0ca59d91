"""What users rely on in summaries: they find, the content is what is shown, and none outlives its
document."""

from __future__ import annotations

from pathlib import Path

import pytest

from pakar import Expert
from pakar.backends.lancedb_store import LanceStore
from pakar.index import generations
from pakar.types import Passage

# The words of the question stand far apart in the handbook, and together in other documents.
HANDBOOK = "# Handbook of {subject}\n\n" + "\n\n".join(
    f"## Chapter {number}\n\n" + " ".join(
        f"Section {number}.{at} explains to {{subject}} keepers how item {at} is kept and cleaned."
        for at in range(12)
    )
    for number in range(12)
)  # fmt: skip
MEMO = "# Memo\n\nThe canteen is closed on Monday.\n"


@pytest.fixture
def folder(tmp_path: Path, testing_backend: str) -> Path:
    made = Expert.create(tmp_path / "desk", embedder=testing_backend)
    documents = made.folder / "documents"
    documents.mkdir()
    for subject in ("aquarium", "orchid", "violin"):
        (documents / f"{subject}.md").write_text(HANDBOOK.format(subject=subject))
    (documents / "memo.md").write_text(MEMO)
    return made.folder


def opened(folder: Path, **settings: str) -> Expert:
    """The expert with these lines in the section [summaries]."""
    wanted = {"mode": '"extractive"', "document_passages": "2", "section_passages": "3", **settings}
    lines = "\n".join(f"{key} = {value}" for key, value in wanted.items())
    text = (folder / "pakar.toml").read_text("utf-8")
    before, _, after = text.partition("[summaries]")
    rest = after.partition("\n[")[2]
    changed = f"{before}[summaries]\n{lines}\n\n[{rest}"
    (folder / "pakar.toml").write_text(changed, "utf-8")
    return Expert.open(folder)


def kept(expert: Expert) -> list[Passage]:
    """The summaries in the index."""
    store = LanceStore(generations.current(expert.folder / ".pakar"), 64)
    rows = store.snapshot().rows()
    return [row.passage for row in rows if row.passage.kind == "summary"]


def test_a_summary_is_verbatim_and_stands_for_a_document_or_a_section(folder: Path) -> None:
    expert = opened(folder)
    report = expert.add(folder / "documents")
    assert report.failed == () and report.warnings == ()

    found = kept(expert)

    assert {one.document for one in found} == {
        f"documents/{subject}.md" for subject in ("aquarium", "orchid", "violin")
    }
    for one in found:
        text = expert.document(one.document).text
        assert all(line in text[one.start : one.end] for line in one.text.split("\n"))


def test_the_summary_finds_and_the_content_is_what_is_shown_and_cited(folder: Path) -> None:
    expert = opened(folder)
    expert.add(folder / "documents")

    hits = expert.search("Which handbook is for orchid keepers?", 5)

    assert {hit.document for hit in hits} == {"documents/orchid.md"}
    assert all("summary" in hit.scores for hit in hits)
    answer = expert.ask("How is item 3 of an orchid kept and cleaned?", route="extract")
    assert answer.citations
    for shown in (*hits, *answer.hits):
        assert shown.kind == "content"
        text = expert.document(shown.document).text
        assert text[shown.start : shown.end] == shown.text
    (found,) = expert.search("orchid keepers", 1, kinds=["summary"])
    assert (found.kind, found.document) == ("summary", "documents/orchid.md")


def test_a_summary_changes_with_its_document_and_goes_with_it(folder: Path) -> None:
    expert = opened(folder)
    expert.add(folder / "documents")
    path = folder / "documents" / "orchid.md"
    before = {one.text for one in kept(expert) if one.document == "documents/orchid.md"}

    path.write_text(HANDBOOK.format(subject="cactus"))
    updated = expert.add()
    now = {one.text for one in kept(expert) if one.document == "documents/orchid.md"}
    assert updated.failed == () and updated.probed > 0
    assert before and now
    assert not any("orchid" in text for text in now)

    removed = expert.remove("documents/orchid.md")
    assert removed.failed == ()
    assert "documents/orchid.md" not in {one.document for one in kept(expert)}

    expert.rollback(1)
    back = {one.text for one in kept(expert) if one.document == "documents/orchid.md"}
    assert back == before

    forgotten = expert.remove("documents/orchid.md", forget=True)
    assert forgotten.failed == ()
    assert not any("orchid" in one.text for one in kept(expert))


def test_unchanged_documents_are_not_summed_up_again(folder: Path) -> None:
    expert = opened(folder)
    first = expert.add(folder / "documents")
    again = expert.add()
    assert first.passages > 0
    assert (again.passages, len(again.unchanged)) == (0, 4)


def test_off_means_none_and_those_there_are_do_nothing(folder: Path) -> None:
    expert = opened(folder, mode='"off"')
    expert.add(folder / "documents")
    assert kept(expert) == []
    plain = expert.search("orchid keepers", 5)

    with_summaries = opened(folder)
    with_summaries.reindex()
    assert kept(with_summaries)
    off = opened(folder, mode='"off"')
    assert all("summary" not in hit.scores for hit in off.search("orchid keepers", 50))
    assert {hit.document for hit in off.search("orchid keepers", 5)} == {
        hit.document for hit in plain
    }
    off.reindex()
    assert kept(off) == []


def test_a_model_writes_them_and_what_it_gets_wrong_is_extractive_and_told(
    folder: Path, tmp_path: Path
) -> None:
    written = "This handbook explains to aquarium keepers how each item is kept and cleaned."
    bad = "Bananas grow on yellow submarines below forty happy green mountains of cheese."
    answers = tmp_path / "answers.txt"
    answers.write_text(f"{written}\n{bad}\n{written.replace('aquarium', 'violin')} Cut off in\n")
    text = (folder / "pakar.toml").read_text("utf-8")
    old = text.splitlines()[next(
        number for number, line in enumerate(text.splitlines()) if line.startswith("language_model")
    )]  # fmt: skip
    text = text.replace(old, f'language_model = "testing:{answers}"')
    (folder / "pakar.toml").write_text(text, "utf-8")
    expert = opened(folder, mode='"model"', section_passages="500")

    report = expert.add(folder / "documents")

    texts = {one.document: one.text for one in kept(expert)}
    assert texts["documents/aquarium.md"] == written
    assert "Bananas" not in texts["documents/orchid.md"]
    assert (
        texts["documents/orchid.md"].split("\n")[0] in expert.document("documents/orchid.md").text
    )
    assert texts["documents/violin.md"] == written.replace("aquarium", "violin")
    (note,) = report.warnings
    assert "1 of 3 summaries are extractive" in note and "documents/orchid.md" in note
    hits = expert.search("orchid keepers", 3)
    assert all(hit.passage.is_verbatim for hit in hits)
