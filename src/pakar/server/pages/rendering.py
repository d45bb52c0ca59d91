"""Templates to HTML. Everything is escaped: nothing in a document can run in a page."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlencode

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.responses import HTMLResponse

from pakar.server.pages.look import language_of, theme_of
from pakar.server.pages.wording import Texts, texts
from pakar.server.service import csrf_of, service_of
from pakar.version import __version__

FOLDER = Path(__file__).parent.parent / "templates"


def page(
    request: Request, template: str, values: Mapping[str, object], status: int = 200
) -> HTMLResponse:
    """A template with its values, and with what every page shows."""
    return HTMLResponse(html(request, template, values), status)


def html(request: Request, template: str, values: Mapping[str, object]) -> str:
    """The same as text: a part of a page, to be sent as an event."""
    visitor = getattr(request.state, "visitor", None)
    shared = {
        "expert": service_of(request).name,
        "visitor": visitor,
        "required": service_of(request).required,
        "is_editor": visitor is not None and visitor.may("editor"),
        "csrf": csrf_of(request),
        "t": texts_for(request),
        "language": language_of(request),
        "theme": theme_of(request),
        "here": request.url.path,
        "version": __version__,
    }
    return _environment().get_template(template).render({**shared, **values})


def texts_for(request: Request) -> Texts:
    """What pages say to whom this request is from."""
    return texts(language_of(request))


@lru_cache(maxsize=1)
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,  # an update under a running server waits for its restart
    )
    made.filters["query"] = _query
    made.filters["seconds"] = _seconds
    made.filters["moment"] = _moment
    return made


def _query(values: Mapping[str, object]) -> str:
    """Values as the part of an address behind the question mark."""
    return urlencode({name: str(value) for name, value in values.items()}, errors="replace")


def _seconds(value: float | None) -> str:
    if value is None:
        return "–"
    if value < 9.95:
        return f"{value:.1f} s"
    if value < 99.5:
        return f"{value:.0f} s"
    minutes = round(value / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes / 60:.1f} h"


def _moment(at: str) -> str:
    """A time of ISO 8601 to the minute, in UTC as it is kept."""
    return at[:16].replace("T", " ")
