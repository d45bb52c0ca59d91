"""An index is never read with another embedder or splitter than it was built with."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pakar.errors import IndexMismatchError, StoreError
from pakar.index.manifest import FILE_NAME, Manifest, check, load, save

MANIFEST = Manifest(
    embedder="bundled:multilingual-e5-small",
    fingerprint="abc",
    dimensions=384,
    splitter_version=1,
    passage_tokens=200,
    terms_version=1,
    pakar_version="0.1.0",
    created="2026-11-22T10:00:00+00:00",
    roots=("docs", "/srv/日本 'x'"),
)


def test_it_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    save(tmp_path / "new" / "index", MANIFEST)

    assert load(tmp_path / "new" / "index") == MANIFEST
    assert [path.name for path in (tmp_path / "new" / "index").iterdir()] == [FILE_NAME]


def test_there_is_none_before_the_first_build(tmp_path: Path) -> None:
    assert load(tmp_path) is None


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("embedder", "hf:other/m", "embedder 'bundled:multilingual-e5-small'.*'hf:other/m'"),
        ("fingerprint", "xyz", "fingerprint 'abc'.*'xyz'"),
        ("dimensions", 64, "dimensions 384.*64"),
        ("splitter_version", 2, "splitter version 1.*2"),
        ("passage_tokens", 100, "tokens a passage 200.*100"),
        ("terms_version", 3, "words 1.*3"),
    ],
)  # fmt: skip
def test_a_mismatch_names_both_values_and_the_way_out(
    field: str, value: object, message: str
) -> None:
    with pytest.raises(IndexMismatchError, match=message) as error:
        check(MANIFEST, replace(MANIFEST, **{field: value}))
    assert error.value.hint == "Run: pakar reindex"


def test_what_only_informs_may_differ(tmp_path: Path) -> None:
    check(MANIFEST, replace(MANIFEST, pakar_version="9", created="later", roots=()))


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b'{"format": 2}', b"\xff", b"[" * 99_999, b'{"roots": 1}'],
)
def test_a_damaged_manifest_is_one_clear_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(content)

    with pytest.raises(StoreError, match="damaged") as error:
        load(tmp_path)
    assert error.value.hint == "Run: pakar reindex"


def test_a_wrong_type_is_damage(tmp_path: Path) -> None:
    save(tmp_path, replace(MANIFEST, dimensions="384"))  # type: ignore[arg-type]

    with pytest.raises(StoreError, match="dimensions is '384'"):
        load(tmp_path)


def test_another_format_is_a_mismatch(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b'{"format": 9, "new_key": 1}')

    with pytest.raises(IndexMismatchError, match=r"index format 9.*2"):
        load(tmp_path)


def test_roots_are_added_once_and_removed() -> None:
    more = MANIFEST.with_roots(["docs", "new"])

    assert more.roots == ("docs", "/srv/日本 'x'", "new")
    assert more.without_roots(["docs"]).roots == ("/srv/日本 'x'", "new")
