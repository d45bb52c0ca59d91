"""pakar makes a small language model an expert in your documents, with sources.

from pakar import Expert

expert = Expert.create("bank")
expert.add("documents/")
answer = expert.ask("What does a cheque book cost?")
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pakar.errors import (
    ConfigError,
    CutOffError,
    EndpointError,
    ExampleError,
    ExpertError,
    IndexBusyError,
    IndexMismatchError,
    MissingExtraError,
    ModelError,
    ModelMissingError,
    PakarError,
    SourceError,
    StoreError,
    TrainingError,
)
from pakar.types import (
    Adapter,
    AddReport,
    Answer,
    Citation,
    Column,
    Computation,
    Document,
    Example,
    Failure,
    Hit,
    Mark,
    Message,
    Passage,
    Scope,
    Source,
    Status,
    TableFile,
    Timings,
)
from pakar.version import __version__

if TYPE_CHECKING:
    from pakar.expert import Expert

__all__ = [
    "Adapter",
    "AddReport",
    "Answer",
    "Citation",
    "Column",
    "Computation",
    "ConfigError",
    "CutOffError",
    "Document",
    "EndpointError",
    "Example",
    "ExampleError",
    "Expert",
    "ExpertError",
    "Failure",
    "Hit",
    "IndexBusyError",
    "IndexMismatchError",
    "Mark",
    "Message",
    "MissingExtraError",
    "ModelError",
    "ModelMissingError",
    "PakarError",
    "Passage",
    "Scope",
    "Source",
    "SourceError",
    "Status",
    "StoreError",
    "TableFile",
    "Timings",
    "TrainingError",
    "__version__",
]


def __getattr__(name: str) -> object:
    # The façade imports every step; whoever needs only a type or an error need not wait for it.
    if name == "Expert":
        from pakar.expert import Expert

        return Expert
    raise AttributeError(f"module 'pakar' has no attribute {name!r}")
