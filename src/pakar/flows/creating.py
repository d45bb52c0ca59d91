"""A new expert's folder, and the check that a folder is one."""

from __future__ import annotations

from pathlib import Path

from pakar import config as settings_file
from pakar.errors import ExpertError
from pakar.flows.workplace import EXAMPLES
from pakar.registry import parse_spec


def create(folder: Path, *, language_model: str, embedder: str) -> None:
    """Makes the folder with its pakar.toml and an empty folder of examples.

    Raises ExpertError where there is an expert already, and ConfigError for a malformed spec.
    """
    file = folder / settings_file.FILE_NAME
    if file.exists():
        raise ExpertError(f"{folder} is an expert already", hint=f"Open it, or delete {file}.")
    for spec in (language_model, embedder):
        parse_spec(spec)
    text = settings_file.template(language_model=language_model, embedder=embedder)
    try:
        (folder / EXAMPLES).mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ExpertError(
            f"{folder}: cannot be made: {error.strerror}", hint="Name another folder."
        ) from error


def require_expert(folder: Path) -> None:
    """Raises ExpertError where the folder is no expert."""
    if not (folder / settings_file.FILE_NAME).is_file():
        raise ExpertError(
            f"{folder.absolute()} is no expert: it has no {settings_file.FILE_NAME}",
            hint="Make one with: pakar new DIR. Or name one with: --expert DIR",
        )
