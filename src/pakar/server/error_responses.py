"""An error as who asked can read it: OpenAI's form for programs, a page for people."""

from __future__ import annotations

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, RedirectResponse, Response

from pakar.server.disconnect import ClientGoneError
from pakar.server.openai.errors import error_body, invalid
from pakar.server.pages.rendering import page
from pakar.server.problems import RequestError, problem_of

_CLIENT_GONE = 499
_CODES = {404: "not_found", 405: "method_not_allowed", 413: "too_large"}


def respond(request: Request, error: Exception) -> Response:
    """The response. A browser that is not logged in is led to the login."""
    if isinstance(error, ClientGoneError):
        return Response(status_code=_CLIENT_GONE)
    problem = _problem(error)
    response: Response
    if not _wants_html(request):
        response = JSONResponse(error_body(problem).model_dump(), problem.status)
    elif problem.status == 401:
        return RedirectResponse("/login", 303)
    else:
        response = page(request, "problem.html", {"problem": problem}, problem.status)
    response.headers.update(problem.headers)
    return response


def _problem(error: Exception) -> RequestError:
    if isinstance(error, RequestValidationError):
        return invalid(error)
    if isinstance(error, HTTPException):
        code = _CODES.get(error.status_code, "invalid_request")
        problem = RequestError(str(error.detail), status=error.status_code, code=code)
        problem.headers.update(error.headers or {})
        return problem
    return problem_of(error)


def _wants_html(request: Request) -> bool:
    is_page = not request.url.path.startswith(("/v1", "/api", "/mcp"))
    return is_page and "text/html" in request.headers.get("accept", "")
