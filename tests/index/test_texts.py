"""A citation is checked against exactly the text that was indexed."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pakar.errors import StoreError
from pakar.index.texts import TextStore
from pakar.types import Document, Mark

DOCUMENT = Document(
    name="../../etc/pass'wd 日本.pdf",
    text="Title\n\nrow 1\r\n🐘\x00 end",
    title="Title",
    language="und",
    content_hash="ab" * 32,
    media_type="application/pdf",
    marks=(Mark("page", 0, 20, "1"), Mark("heading", 0, 5, "Title", 1)),
    warnings=("one picture",),
)

text = st.text(st.characters(exclude_categories=["Cs"]))


def test_it_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    TextStore(tmp_path).save(DOCUMENT)

    assert TextStore(tmp_path).load(DOCUMENT.name, DOCUMENT.content_hash) == DOCUMENT


@given(name=text, content=text, title=text)
def test_any_text_comes_back(
    tmp_path_factory: pytest.TempPathFactory, name: str, content: str, title: str
) -> None:
    store = TextStore(tmp_path_factory.getbasetemp() / "any")
    document = Document(name, content, title, "en", "hash", "text/plain")

    store.save(document)

    assert store.load(name, "hash") == document


def test_nothing_is_written_outside_its_folder(tmp_path: Path) -> None:
    TextStore(tmp_path / "texts").save(DOCUMENT)

    assert [path.name for path in tmp_path.iterdir()] == ["texts"]


def test_a_missing_text_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"nothing\.md") as error:
        TextStore(tmp_path).load("nothing.md", "ab")
    assert "pakar reindex" in error.value.hint


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:-10],
        lambda content: b"",
        lambda content: b"[]",
        lambda content: b'{"sha256": "", "document": {}}',
        lambda content: content.replace(b"row 1", b"row 2"),
        lambda content: content.replace(b'"level"', b'"l"').replace(b'["page", 0', b'["page", 3'),
    ],
)
def test_a_damaged_text_is_never_served(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    store = TextStore(tmp_path)
    store.save(DOCUMENT)
    (path,) = tmp_path.rglob("*.json")
    path.write_bytes(damage(path.read_bytes()))

    with pytest.raises(StoreError, match="damaged") as error:
        store.load(DOCUMENT.name, DOCUMENT.content_hash)
    assert "pakar reindex" in error.value.hint


def test_a_text_in_the_place_of_another_is_never_served(tmp_path: Path) -> None:
    store = TextStore(tmp_path)
    store.save(DOCUMENT)
    (path,) = tmp_path.rglob("*.json")
    other = Document("b.md", "other", "", "en", "cd", "text/plain")
    store.save(other)
    (second,) = set(tmp_path.rglob("*.json")) - {path}
    second.replace(path)

    with pytest.raises(StoreError, match=r"holds the text of 'b\.md'"):
        store.load(DOCUMENT.name, DOCUMENT.content_hash)


def test_a_text_nobody_names_stays_for_readers_and_goes_later(tmp_path: Path) -> None:
    store = TextStore(tmp_path, keep=timedelta(minutes=10))
    store.save(DOCUMENT)
    (path,) = tmp_path.rglob("*.json")
    os.utime(path, (0, 0))

    assert store.collect({}) == 0
    assert store.load(DOCUMENT.name, DOCUMENT.content_hash) == DOCUMENT
    assert store.collect({}) == 0
    (left,) = (file for file in tmp_path.rglob("*") if file.is_file())
    os.utime(left, (0, 0))
    assert store.collect({}) == 1
    with pytest.raises(StoreError):
        store.load(DOCUMENT.name, DOCUMENT.content_hash)


def test_a_named_text_is_never_collected(tmp_path: Path) -> None:
    store = TextStore(tmp_path, keep=timedelta(0))
    store.save(DOCUMENT)

    for _ in range(3):
        assert store.collect({DOCUMENT.name: DOCUMENT.content_hash}) == 0

    assert store.has(DOCUMENT.name, DOCUMENT.content_hash)


def test_what_a_killed_writer_left_is_collected(tmp_path: Path) -> None:
    store = TextStore(tmp_path)
    store.save(DOCUMENT)
    (path,) = tmp_path.rglob("*.json")
    (path.parent / ".half.tmp").write_bytes(b"half")

    store.collect({DOCUMENT.name: DOCUMENT.content_hash})

    assert [file.name for file in tmp_path.rglob("*") if file.is_file()] == [path.name]
