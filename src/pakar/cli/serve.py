"""`pakar serve`: the page, /v1 and /mcp."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from pakar.cli.edge import Edge


def serve(
    host: Annotated[
        Optional[str],  # noqa: UP045  typer reads it at run time
        typer.Option("--host", help="Where to listen. Default: the one in pakar.toml."),
    ] = None,
    port: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option("--port", min=0, max=65_535, help="0: a free one."),
    ] = None,
    warm: Annotated[bool, typer.Option("--warm", help="Load the models before listening.")] = False,
    expert: Annotated[
        Path, typer.Option("--expert", metavar="DIR", help="The expert's folder.", show_default=".")
    ] = Path(),
) -> None:
    """Serve the expert: a page, an OpenAI-compatible API, MCP."""
    with Edge(json=False) as edge:
        from pakar.server.run import Place, serve

        opened = edge.open(expert)
        settings = opened.config.server
        place = Place(
            settings.host if host is None else host, settings.port if port is None else port
        )
        serve(opened, place, warm=warm, say=edge.say)
