"""The options that several commands share, each written once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

HERE = Path()
ExpertDir = Annotated[
    Path, typer.Option("--expert", metavar="DIR", help="The expert's folder.", show_default=".")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
AcceptAdapter = Annotated[
    bool,
    typer.Option("--accept-adapter", help="Use an adapter although something speaks against."),
]
