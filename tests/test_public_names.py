"""What `import pakar` offers, and what it costs."""

from __future__ import annotations

import subprocess
import sys

import pytest

import pakar

NAMES = [
    "Adapter", "AddReport", "Answer", "Citation", "Column", "Computation", "ConfigError",
    "CutOffError", "Document", "EndpointError", "Example", "ExampleError", "Expert",
    "ExpertError", "Failure", "Hit", "IndexBusyError", "IndexMismatchError", "Mark", "Message",
    "MissingExtraError", "ModelError", "ModelMissingError", "PakarError", "Passage", "Scope",
    "Source", "SourceError", "Status", "StoreError", "TableFile", "Timings", "TrainingError",
    "__version__",
]  # fmt: skip


def test_the_public_names_are_these() -> None:
    assert sorted(pakar.__all__) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(pakar, name) is not None


def test_another_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="Exprt"):
        pakar.Exprt  # noqa: B018  the access is what is tested


def test_every_error_is_a_pakar_error() -> None:
    errors = [name for name in NAMES if name.endswith("Error")]
    assert all(issubclass(getattr(pakar, name), pakar.PakarError) for name in errors)


def test_importing_pakar_loads_nothing_heavy() -> None:
    code = (
        "import sys, pakar\n"
        "heavy = {'torch', 'transformers', 'lancedb', 'pyarrow', 'numpy', 'pydantic', 'typer'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
