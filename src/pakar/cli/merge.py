"""`pakar merge`: an adapter and its base model as one model folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pakar.cli.edge import Edge
from pakar.cli.options import HERE, AcceptAdapter, AsJson, ExpertDir


def merge(
    adapter: Annotated[str, typer.Argument(metavar="ADAPTER", help="Its id: pakar status.")],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder to make.")],
    accept_adapter: AcceptAdapter = False,
    expert: ExpertDir = HERE,
    json: AsJson = False,
) -> None:
    """Write an adapter and its base model as one model, which other tools read too."""
    with Edge(json) as edge:
        made = edge.open(expert).merge_adapter(adapter, folder, accept_adapter=accept_adapter)
        edge.document({"adapter": adapter, "folder": str(made), "spec": f"path:{made}"})
        edge.say(f'Made {made}. To use it, set language_model = "path:{made}" in pakar.toml.')
