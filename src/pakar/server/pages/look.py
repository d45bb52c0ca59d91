"""Language and colours of the pages: a visitor's choice, kept in two cookies without content."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse

from pakar.server.pages.wording import LANGUAGES, preferred

LANGUAGE, THEME = "pakar_language", "pakar_theme"
THEMES = ("auto", "light", "dark")
_YEAR = 365 * 24 * 3600

router = APIRouter()


def language_of(request: Request) -> str:
    """The chosen language, else the one that the browser asks for."""
    chosen = request.cookies.get(LANGUAGE, "")
    return chosen if chosen in LANGUAGES else preferred(request.headers.get("accept-language", ""))


def theme_of(request: Request) -> str:
    chosen = request.cookies.get(THEME, "")
    return chosen if chosen in THEMES else "auto"


@router.post("/look")
def look(
    request: Request,
    language: Annotated[Literal["", "en", "id"], Form()] = "",
    theme: Annotated[Literal["", "auto", "light", "dark"], Form()] = "",
    back: Annotated[str, Form(max_length=1000)] = "/",
) -> RedirectResponse:
    """Keeps the choice and leads back to a page of this server."""
    response = RedirectResponse(_own(back), 303)
    for name, value in ((LANGUAGE, language), (THEME, theme)):
        if value:
            response.set_cookie(
                name,
                value,
                max_age=_YEAR,
                httponly=True,
                samesite="strict",
                secure=request.url.scheme == "https",
            )
    return response


def _own(path: str) -> str:
    """A path here. Browsers take `//host` and `/\\host` for other servers, and drop tabs and line
    ends before they look."""
    is_plain = path.isascii() and path.isprintable() and "\\" not in path
    return path if is_plain and path.startswith("/") and not path.startswith("//") else "/"
