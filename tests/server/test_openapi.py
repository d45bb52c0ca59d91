"""The OpenAPI document is true: whatever fits it, and much that does not, gets what it promises.

PAKAR_API_CASES=10000 tries ten times as much.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import APIOperation, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from pakar import Expert, Message
from pakar.ports import Generation, ModelInfo

CASES = int(os.environ.get("PAKAR_API_CASES", "1000"))
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


class Brief:
    """Always answers the same."""

    info = ModelInfo("testing:brief", 4096)

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return sum(len(turn.content.split()) for turn in messages)

    def generate(self, messages: Sequence[Message], settings: Generation) -> Iterator[str]:
        yield "A cheque book costs 50 rupees."


@pytest.fixture
def brief(
    bank: Expert, monkeypatch: pytest.MonkeyPatch, start: Callable[..., str]
) -> Iterator[str]:
    monkeypatch.setattr("pakar.flows.workplace.open_language_model", lambda *_, **__: Brief())
    yield start(bank)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_no_request_breaks_the_server_or_the_document(brief: str) -> None:
    schema = schemathesis.openapi.from_url(f"{brief}/openapi.json")
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) > 12
    for operation in operations:
        _try(operation, CASES // len(operations) + 1)
    assert httpx.get(f"{brief}/healthz").is_success


def _modes(operation: APIOperation) -> list[GenerationMode]:
    """What fits the document; and where an operation takes anything, what does not."""
    takes = bool(list(operation.iter_parameters())) or len(operation.body) > 0
    return [GenerationMode.POSITIVE, *([GenerationMode.NEGATIVE] if takes else [])]


def _try(operation: APIOperation, cases: int) -> None:
    @settings(
        max_examples=cases,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.one_of([operation.as_strategy(mode) for mode in _modes(operation)]))
    def tried(case: schemathesis.Case) -> None:
        case.call_and_validate(checks=CHECKS)

    tried()
