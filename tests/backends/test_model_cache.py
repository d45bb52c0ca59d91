"""A conversion counts when it is complete, happens once, and leaves nothing half-made."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from pakar.backends.model_cache import cached_model, check_source, fingerprint_of
from pakar.errors import ModelError


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("PAKAR_CACHE", str(tmp_path))
    return tmp_path / "models"


def test_several_at_once_build_once() -> None:
    built: list[Path] = []

    def build(folder: Path) -> None:
        built.append(folder)
        (folder / "weights").write_text("all")

    threads = [threading.Thread(target=cached_model, args=("m", build)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(built) == 1
    assert (cached_model("m", build) / "weights").read_text() == "all"


def test_a_build_that_fails_leaves_no_model_and_can_be_tried_again(cache) -> None:
    def fail(folder: Path) -> None:
        (folder / "half").write_text("half")
        raise ModelError("interrupted")

    with pytest.raises(ModelError, match="interrupted"):
        cached_model("m", fail)
    assert [path for path in cache.iterdir() if path.is_dir()] == []
    assert cached_model("m", lambda folder: None).is_dir()


def test_what_a_killed_build_left_is_swept_away(cache) -> None:
    leftover = cache / ".m-killed"
    leftover.mkdir(parents=True)
    (leftover / "half").write_text("half")
    folder = cached_model("m", lambda folder: None)
    assert not leftover.exists()
    assert list(folder.iterdir()) == []


def test_a_full_disk_is_one_error_with_a_way_out() -> None:
    def fail(folder: Path) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(ModelError, match="No space left") as caught:
        cached_model("m", fail)
    assert "PAKAR_CACHE" in caught.value.hint


def test_a_source_is_checked_by_version_and_bytes(tmp_path) -> None:
    source = tmp_path / "model.bin"
    source.write_bytes(b"abc")
    right = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert check_source(source, "1.0", {"1.0": right}) == right
    with pytest.raises(ModelError, match="damaged or was changed"):
        check_source(source, "1.0", {"1.0": "0" * 64})
    with pytest.raises(ModelError, match=r"2\.0 .* not known"):
        check_source(source, "2.0", {"1.0": right})


def test_a_fingerprint_changes_with_any_sampled_byte_and_any_fact(tmp_path) -> None:
    weights = tmp_path / "model.safetensors"
    content = bytearray(5 << 20)
    seen = set()
    for place in (0, len(content) // 2, len(content) - 1):
        content[place] ^= 1
        weights.write_bytes(content)
        seen.add(fingerprint_of(tmp_path, "query: "))
    seen.add(fingerprint_of(tmp_path, "other: "))
    assert len(seen) == 4
    assert fingerprint_of(tmp_path, "query: ") in seen
