"""The commands `pakar access ...`: who may read which document, and who did what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Optional

import typer
from rich.table import Table

from pakar.cli.edge import Edge
from pakar.cli.options import HERE, AsJson, ExpertDir
from pakar.cli.terminal import plain
from pakar.cli.users import users_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from pakar.server.storage.audit import Entry

app = typer.Typer(help="Who may read which document, and who did what.", no_args_is_help=True)


@app.command("list")
def list_all(
    user: Annotated[
        Optional[str],  # noqa: UP045  typer reads it at run time
        typer.Option("--user", help="Only what this user may read."),
    ] = None,
    expert: ExpertDir = HERE,
    json: AsJson = False,
) -> None:
    """Show the documents with their labels and the users who may read them."""
    with Edge(json) as edge:
        from pakar.server.access.labels import Labels

        opened = edge.open(expert)
        labels = Labels(opened.config.access.labels)
        users = users_of(edge, expert)
        readers = [users.named(user)] if user else users.all()
        rows: list[dict[str, object]] = []
        for name in opened.status().documents:
            may = [one.name for one in readers if labels.may_read(one.visitor(), name)]
            if may or user is None:
                rows.append({"document": name, "labels": sorted(labels.of(name)), "readers": may})
        edge.document({"documents": rows})
        edge.show(lambda console: _show_documents(console, rows))


@app.command()
def log(
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many entries.")] = 50,
    expert: ExpertDir = HERE,
    json: AsJson = False,
) -> None:
    """Show who did what and when, the newest first."""
    with Edge(json) as edge:
        from dataclasses import asdict

        from pakar.server.storage.audit import Audit
        from pakar.server.storage.database import Database

        found = Audit(Database.beside(edge.open(expert).folder)).latest(limit)
        edge.document({"entries": [asdict(one) for one in found]})
        edge.show(lambda console: _show_log(console, found))


def _show_documents(console: Console, rows: Sequence[dict[str, object]]) -> None:
    table = Table("document", "labels", "readers")
    for row in rows:
        labels, readers = row["labels"], row["readers"]
        shown = [", ".join(one) if isinstance(one, list) else "" for one in (labels, readers)]
        table.add_row(plain(str(row["document"])), *(plain(one) for one in shown))
    console.print(table)


def _show_log(console: Console, entries: Sequence[Entry]) -> None:
    table = Table("when", "who", "what", "to", "outcome")
    for one in entries:
        words = (plain(one.name), plain(one.action), plain(one.object), plain(one.outcome))
        table.add_row(one.at[:19], *words)
    console.print(table)
