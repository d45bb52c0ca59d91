"""`pakar history`, `pakar diff` and `pakar rollback`: the versions of the index."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from pakar.cli.edge import Edge

_Expert = Annotated[
    Path, typer.Option("--expert", metavar="DIR", help="The expert's folder.", show_default=".")
]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]


def history(expert: _Expert = Path(), json: _Json = False) -> None:
    """Show the versions of the index that are kept."""
    with Edge(json) as edge:
        from pakar.cli import history_view as view

        kept = edge.open(expert).history()
        edge.document(view.kept_json(kept))
        edge.show(lambda console: view.show_kept(console, kept))


def diff(
    first: Annotated[int, typer.Argument(metavar="A", help="The earlier version.")],
    second: Annotated[
        Optional[int],  # noqa: UP045  typer reads it at run time
        typer.Argument(metavar="[B]", help="The later one. Default: the newest."),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Leave out which answers could change.")
    ] = False,
    expert: _Expert = Path(),
    json: _Json = False,
) -> None:
    """Show what changed between two versions, and which answers could change."""
    with Edge(json) as edge:
        from pakar.cli import history_view as view

        found = edge.open(expert).diff(first, second, ask=not quick, on_wait=edge.say)
        edge.document(view.difference_json(found))
        edge.show(lambda console: view.show_difference(console, found))


def rollback(
    version: Annotated[int, typer.Argument(metavar="VERSION", help="Its number: pakar history.")],
    expert: _Expert = Path(),
    json: _Json = False,
) -> None:
    """Bring the index back to a version, as a new version. The files stay."""
    with Edge(json) as edge:
        edge.report(edge.open(expert).rollback(version, on_wait=edge.say))
        edge.say("The files are as they were: the next pakar add reads those that differ again.")
