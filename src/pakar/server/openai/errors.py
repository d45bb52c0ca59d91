"""Problems in OpenAI's form."""

from __future__ import annotations

from fastapi.exceptions import RequestValidationError

from pakar.server.openai.wire import ErrorBody, ErrorDetail
from pakar.server.problems import RequestError

# By these its clients know which exception to raise.
_TYPES = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
}


def error_body(problem: RequestError) -> ErrorBody:
    """The message with its hint: these clients show nothing else."""
    kind = _TYPES.get(
        problem.status, "invalid_request_error" if problem.status < 500 else "server_error"
    )
    message = f"{problem}. {problem.hint}" if problem.hint else str(problem)
    detail = ErrorDetail(message=message, type=kind, param=problem.param, code=problem.code)
    return ErrorBody(error=detail)


def invalid(error: RequestValidationError) -> RequestError:
    """What is wrong with a request's first wrong field."""
    first = error.errors()[0]
    place = [str(part) for part in first["loc"] if part != "body"]
    field = ".".join(place)
    if first["type"] == "extra_forbidden":
        message = f"the field {field!r:.200} is not supported"
    elif first["type"] == "json_invalid":
        message = "the body is no valid JSON"
    else:
        message = f"{field or 'the body'}: {first['msg'][:300].lower()}"
    return RequestError(
        message, status=400, code="invalid_request", param=place[0] if place else None
    )
