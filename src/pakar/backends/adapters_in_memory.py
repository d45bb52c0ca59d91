"""Adapters over one loaded base model: loaded when first used, switched without reloading it.

Knows peft. Who switches holds the lock of the model for the length of one forward pass.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from pakar.backends.extras import require
from pakar.backends.four_bits import import_bitsandbytes
from pakar.backends.model_loading import silenced
from pakar.errors import TrainingError

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel


class AdaptersInMemory:
    """The base model and the adapters that were put over it so far."""

    def __init__(self, base: PreTrainedModel, spec: str) -> None:
        self.base = base
        self._spec = spec
        self._adapted: PeftModel | None = None
        self._active: Path | None = None

    def activate(self, folder: Path | None) -> PreTrainedModel | PeftModel:
        """The model with the adapter of this folder, or without any, ready for a forward pass."""
        if folder is None and self._adapted is None:
            return self.base
        if self._adapted is None or (
            folder is not None and _name(folder) not in self._adapted.peft_config
        ):
            self._load(folder or Path())
        if self._adapted is None:
            return self.base
        if folder != self._active:
            self._switch(self._adapted, folder)
        return self._adapted

    def forget(self, folder: Path) -> None:
        """Frees an adapter's memory; it is loaded again where it is used again."""
        if self._adapted is None or _name(folder) not in self._adapted.peft_config:
            return
        others = [name for name in self._adapted.peft_config if name != _name(folder)]
        if not others:
            self.base = self._adapted.unload()
            self._adapted = None
        else:
            # peft keeps one adapter active even while all are disabled.
            self._adapted.set_adapter(others[0], inference_mode=True)
            self._adapted.base_model.disable_adapter_layers()
            self._adapted.delete_adapter(_name(folder))
        self._active = None

    def _switch(self, model: PeftModel, folder: Path | None) -> None:
        if folder is None:
            model.base_model.disable_adapter_layers()
        else:
            model.base_model.enable_adapter_layers()
            model.set_adapter(_name(folder), inference_mode=True)
        self._active = folder

    def _load(self, folder: Path) -> None:
        require("peft", extra="train")
        import_bitsandbytes()
        from peft import PeftModel
        from safetensors import SafetensorError

        if not (folder / "adapter_model.safetensors").is_file():
            raise TrainingError(
                f"{folder} holds no adapter in safetensors", hint="Train it again: pakar train"
            )
        name = _name(folder)
        try:
            with silenced():
                if self._adapted is None:
                    adapted = PeftModel.from_pretrained(
                        self.base, folder, adapter_name=name, local_files_only=True
                    )
                    self._adapted, self._active = adapted.eval(), folder
                else:
                    self._adapted.load_adapter(folder, adapter_name=name, local_files_only=True)
        except (RuntimeError, ValueError, KeyError, TypeError, OSError, SafetensorError) as error:
            line = str(error).strip().partition("\n")[0]
            raise TrainingError(
                f"the adapter in {folder} does not fit {self._spec}: {line:.200}",
                hint="It was trained on another base model, or is damaged. Train it again.",
            ) from error


def _name(folder: Path) -> str:
    """peft's name for the adapter of a folder. Two folders may end alike; peft allows no dots."""
    return f"a{hashlib.sha256(str(folder.absolute()).encode()).hexdigest()[:16]}"
