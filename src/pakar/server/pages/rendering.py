"""Templates to HTML. Everything is escaped: nothing in a document can run in a page."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.responses import HTMLResponse

from pakar.server.service import csrf_of, service_of

FOLDER = Path(__file__).parent.parent / "templates"


def page(
    request: Request, template: str, values: Mapping[str, object], status: int = 200
) -> HTMLResponse:
    """A template with its values, and with what every page shows."""
    shared = {
        "expert": service_of(request).name,
        "visitor": getattr(request.state, "visitor", None),
        "csrf": csrf_of(request),
    }
    html = _environment().get_template(template).render({**shared, **values})
    return HTMLResponse(html, status)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
