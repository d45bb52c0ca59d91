"""Says what this machine can do and what is missing, each with the way to get it."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.text import Text

from pakar.backends.model_cache import cache_folder
from pakar.backends.numeric_precision import has_native_bfloat16
from pakar.cli.terminal import plain
from pakar.config import FILE_NAME, Config, load_config
from pakar.errors import PakarError
from pakar.registry import open_embedder, open_language_model

_LIBRARIES = ("torch", "transformers", "sentence-transformers", "tokenizers", "gguf", "lancedb")
_MARKS = {"good": ("+", "green"), "note": ("-", "yellow"), "bad": ("x", "red")}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: `bad` stops pakar's main job, `note` only narrows it."""

    name: str
    state: Literal["good", "note", "bad"]
    says: str
    hint: str = ""

    def as_json(self) -> dict[str, str]:
        return asdict(self)


def examine(folder: Path) -> list[Finding]:
    """Looks at the machine, the libraries, and the models of the expert in `folder`."""
    config = load_config(folder) if (folder / FILE_NAME).is_file() else Config()
    findings = [_python(), _processor(), _graphics(), _disk(folder)]
    findings += [_library(name) for name in _LIBRARIES]
    findings.append(_model("embedder", config.models.embedder, open_embedder))
    findings.append(_model("language model", config.models.language_model, open_language_model))
    return findings


def show(console: Console, findings: list[Finding]) -> None:
    for one in findings:
        mark, style = _MARKS[one.state]
        console.print(Text.assemble((f"{mark} {one.name}: ", style), plain(one.says)))
        if one.hint:
            console.print(Text(f"    {plain(one.hint)}", style="yellow"))


def _python() -> Finding:
    return Finding("Python", "good", f"{platform.python_version()} on {platform.platform()}")


def _processor() -> Finding:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    native = has_native_bfloat16()
    says = f"{cores} cores, bfloat16 {'native' if native else 'not native: models run in float32'}"
    return Finding("processor", "good" if native else "note", says)


def _graphics() -> Finding:
    if importlib.util.find_spec("torch") is None:
        return Finding("graphics card", "note", "unknown without torch")
    import torch

    if not torch.cuda.is_available():
        return Finding("graphics card", "note", "none that torch can use; pakar runs on the CPU")
    return Finding("graphics card", "good", torch.cuda.get_device_name(0))


def _disk(folder: Path) -> Finding:
    cache = cache_folder()
    existing = next(path for path in [cache, *cache.parents] if path.exists())
    free = shutil.disk_usage(existing).free / 1e9
    state: Literal["good", "bad"] = "good" if free > 2 else "bad"
    hint = "" if free > 2 else "Models need about 2 GB. Set PAKAR_CACHE to a larger disk."
    return Finding("disk", state, f"{free:.0f} GB free for models in {cache}", hint)


def _library(name: str) -> Finding:
    try:
        return Finding(name, "good", importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        hint = 'In the checkout of pakar: pip install -c constraints.txt -e ".[local]"'
        return Finding(name, "bad", "not installed", hint)


def _model(label: str, spec: str, opener: Callable[[str], object]) -> Finding:
    try:
        opener(spec)
    except PakarError as error:
        return Finding(label, "bad", str(error), error.hint)
    return Finding(label, "good", spec)
