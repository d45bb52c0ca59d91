"""Writes a whole model out of a base model and its adapter, in the base model's own precision.

    weights                    the base model's with the adapter added to them, in safetensors
    configuration, tokenizer,  the base model's own files, byte for byte
    chat template

An adapter that was trained over 4-bit weights is added to the weights they were packed from; the
rounding that it learned beside is gone, so answers may differ a little from the adapter's. Knows
peft and transformers, and no record of an adapter.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from pakar.backends.adapters_in_memory import AdaptersInMemory
from pakar.backends.base_weights import load_base
from pakar.backends.encoder_folder import read_json
from pakar.backends.extras import require
from pakar.backends.model_loading import silenced
from pakar.errors import ModelError, TrainingError

_TEXTS = frozenset({".json", ".jinja", ".txt", ".model"})
_TERMS = ("LICENSE", "LICENCE", "NOTICE")
_INDEX = ".index.json"


def merge_adapter(
    base: Path, spec: str, adapter: Path, folder: Path, *, trust_remote_code: bool = False
) -> None:
    """Writes the model to `folder`, which holds nothing yet; it appears whole or not at all.

    Raises TrainingError where the adapter does not fit or the folder cannot be written, ModelError
    where the base model does not load or was published in a packed form.
    """
    require("torch", "transformers", "safetensors")
    require("peft", extra="train")
    if "quantization_config" in read_json(base / "config.json"):
        raise ModelError(
            f"{spec}: its weights are quantised, and an adapter cannot be added to those",
            hint="Name the model that was not quantised in pakar.toml, and train on that one.",
        )
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        try:
            _save_weights(base, spec, adapter, beside, trust_remote_code=trust_remote_code)
            _copy_the_rest(base, beside, code=trust_remote_code)
            _take_place(beside, folder)
        except BaseException:
            shutil.rmtree(beside, ignore_errors=True)
            raise
    except OSError as error:
        raise TrainingError(
            f"{folder} cannot be written: {error.strerror or error}",
            hint="Free some space, or name another folder.",
        ) from error


def _save_weights(
    base: Path, spec: str, adapter: Path, folder: Path, *, trust_remote_code: bool
) -> None:
    with silenced():
        model = load_base(base, spec, precision="stored", trust_remote_code=trust_remote_code)
        adapted = AdaptersInMemory(model, spec).activate(adapter)
        try:
            merged = adapted.merge_and_unload(safe_merge=True)
        except ValueError as error:
            # peft's word for weights that are no numbers any more.
            raise TrainingError(
                f"the adapter in {adapter} cannot be added to {spec}: {error!s:.200}",
                hint="The adapter is damaged. Train it again: pakar train",
            ) from error
        # A generation_config.json that transformers would not write again must not end this one;
        # the base model's own is copied afterwards.
        merged.generation_config = type(merged.generation_config)()
        merged.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)


def _copy_the_rest(base: Path, folder: Path, *, code: bool) -> None:
    for path in base.iterdir():
        wanted = path.suffix in _TEXTS and not path.name.endswith(_INDEX)
        wanted |= path.name.upper().startswith(_TERMS) or (code and path.suffix == ".py")
        if wanted and path.is_file():
            shutil.copyfile(path, folder / path.name)


def _take_place(beside: Path, folder: Path) -> None:
    beside.chmod(0o755)
    if folder.is_dir():
        # Windows renames onto nothing, not even onto an empty folder.
        folder.rmdir()
    os.replace(beside, folder)  # noqa: PTH105
