"""What went wrong, as HTTP says it: a status, a code for programs, one line and a hint for people.

Knows pakar's errors; knows no form of a response.
"""

from __future__ import annotations

from dataclasses import dataclass

from pakar.errors import (
    ConfigError,
    EndpointError,
    ExpertError,
    MissingExtraError,
    ModelError,
    PakarError,
    PromptTooLongError,
    SourceError,
    StoreError,
    TrainingError,
)


class RequestError(PakarError):
    """An error with its HTTP status. `param` is the field of the request that is wrong."""

    def __init__(
        self,
        message: str,
        *,
        status: int,
        code: str,
        hint: str = "",
        param: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.code = code
        self.param = param
        self.headers: dict[str, str] = {}


def too_often(wait: int, what: str = "requests") -> RequestError:
    """Who comes too often may come again in `wait` seconds."""
    refused = RequestError(
        f"too many {what}", status=429, code="rate_limited", hint=f"Wait {wait} s."
    )
    refused.headers["Retry-After"] = str(wait)
    return refused


class BusyError(RequestError):
    """The line is full."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(
            "too many answers are being written at the moment",
            status=503,
            code="server_busy",
            hint=f"Try again in {retry_after} s.",
        )
        self.headers["Retry-After"] = str(retry_after)


@dataclass(frozen=True, slots=True)
class _Kind:
    status: int
    code: str


# The first that fits counts.
_KINDS: tuple[tuple[type[PakarError], _Kind], ...] = (
    (PromptTooLongError, _Kind(400, "context_length_exceeded")),
    (EndpointError, _Kind(502, "endpoint_failed")),
    (ModelError, _Kind(500, "model_failed")),
    (MissingExtraError, _Kind(501, "extra_missing")),
    (StoreError, _Kind(503, "index_unusable")),
    (ExpertError, _Kind(503, "not_ready")),
    (SourceError, _Kind(404, "document_not_found")),
    (TrainingError, _Kind(404, "model_not_found")),
    (ConfigError, _Kind(400, "invalid_request")),
)


def problem_of(error: Exception) -> RequestError:
    """The problem to show. What is no error of pakar is shown as a fault without its content."""
    if isinstance(error, RequestError):
        return error
    if isinstance(error, PakarError):
        kind = next((kind for type_, kind in _KINDS if isinstance(error, type_)), None)
        found = kind or _Kind(500, "failed")
        return RequestError(str(error), status=found.status, code=found.code, hint=error.hint)
    return RequestError(
        f"unexpected {type(error).__name__}",
        status=500,
        code="internal_error",
        hint="This is a fault of pakar; the server's log has more.",
    )
