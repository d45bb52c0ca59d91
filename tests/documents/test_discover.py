"""What `discover` finds, what it refuses and what it passes over."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pakar.documents import Discovery, discover


@pytest.fixture
def expert(tmp_path: Path) -> Path:
    folder = tmp_path / "expert"
    folder.mkdir()
    return folder


def write(path: Path, text: str = "Some text.") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def names(discovery: Discovery) -> list[str]:
    return [found.name for found in discovery.found]


def test_a_folder_is_read_whole_and_in_order(expert: Path) -> None:
    for name in ("b.md", "a.txt", "deep/er/c.html", "deep/b.md"):
        write(expert / "docs" / name)
    found = discover([str(expert / "docs")], expert)
    assert names(found) == [
        "docs/a.txt",
        "docs/b.md",
        "docs/deep/b.md",
        "docs/deep/er/c.html",
    ]
    assert found.roots == ("docs",)
    assert found.failures == ()


def test_names_outside_the_expert_are_absolute(expert: Path, tmp_path: Path) -> None:
    outside = write(tmp_path / "elsewhere" / "a.txt")
    assert names(discover([str(outside)], expert)) == [outside.as_posix()]


@pytest.mark.parametrize("name", ["laporan tahunan.md", "报告.txt", "Отчёт (1).html", "تقرير.md"])
def test_names_of_any_script_are_kept(expert: Path, name: str) -> None:
    write(expert / name)
    assert names(discover([str(expert)], expert)) == [name]


def test_hidden_temporary_and_own_files_are_left_out(expert: Path) -> None:
    for name in (".hidden.md", "~$x.docx", ".DS_Store", "Thumbs.db", ".git/a.md", ".pakar/b.md"):
        write(expert / name)
    found = discover([str(expert)], expert)
    assert (found.found, found.failures, found.skipped) == ((), (), ())


def test_other_types_in_a_folder_are_skipped_with_a_reason(expert: Path) -> None:
    write(expert / "a.md")
    write(expert / "prices.odt")
    found = discover([str(expert)], expert)
    assert names(found) == ["a.md"]
    assert [(s.name, "OpenDocument" in s.reason) for s in found.skipped] == [("prices.odt", True)]


def test_another_type_named_by_the_user_is_a_failure(expert: Path) -> None:
    path = write(expert / "prices.odt", "a,b\n1,2\n")
    found = discover([str(path)], expert)
    assert found.found == ()
    assert "prices.odt" in found.failures[0].error
    assert found.failures[0].hint


@pytest.mark.parametrize("source", ["nothing/here.pdf", "", "a\x00b"])
def test_what_does_not_exist_is_a_failure_and_stops_nothing(expert: Path, source: str) -> None:
    path = write(expert / "a.md")
    found = discover([source, str(path)], expert)
    assert names(found) == ["a.md"]
    assert len(found.failures) == 1
    assert found.failures[0].hint


def test_a_source_named_twice_is_found_once(expert: Path) -> None:
    path = write(expert / "docs" / "a.md")
    found = discover([str(path.parent), str(path), str(expert)], expert)
    assert names(found) == ["docs/a.md"]


def test_a_link_to_its_own_folder_gives_one_line_and_no_loop(expert: Path) -> None:
    write(expert / "docs" / "a.md")
    (expert / "docs" / "again").symlink_to(expert / "docs")
    found = discover([str(expert / "docs")], expert)
    assert names(found) == ["docs/a.md"]
    assert [failure.source for failure in found.failures] == ["docs/again"]


def test_a_link_out_of_the_folder_is_followed_only_when_named(expert: Path, tmp_path: Path) -> None:
    write(tmp_path / "secret" / "s.md")
    link = expert / "docs" / "door"
    write(expert / "docs" / "a.md")
    link.symlink_to(tmp_path / "secret")
    inside = discover([str(expert / "docs")], expert)
    assert names(inside) == ["docs/a.md"]
    assert [skipped.name for skipped in inside.skipped] == ["docs/door"]
    assert names(discover([str(link)], expert)) == ["docs/door/s.md"]


def test_a_link_that_leads_nowhere_is_a_failure(expert: Path) -> None:
    (expert / "gone.md").symlink_to(expert / "missing.md")
    found = discover([str(expert)], expert)
    assert [failure.source for failure in found.failures] == ["gone.md"]


def test_a_name_that_is_no_text_is_a_failure_with_a_hint(expert: Path) -> None:
    try:
        Path(os.fsdecode(bytes(expert) + b"/bad\xff.md")).write_text("x", encoding="utf-8")
    except OSError:
        pytest.skip("this file system takes only valid UTF-8 names")
    write(expert / "good.md")
    found = discover([str(expert)], expert)
    assert names(found) == ["good.md"]
    assert found.failures[0].source.encode("utf-8")
    assert "rename" in found.failures[0].hint


def test_very_deep_folders_do_not_stop_the_search(expert: Path) -> None:
    place = expert
    for _ in range(200):
        place = place / "d"
    write(place / "a.md")
    assert len(discover([str(expert)], expert).found) == 1
