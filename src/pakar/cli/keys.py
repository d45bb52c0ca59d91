"""The commands `pakar keys ...`: what programs show instead of a password."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from pakar.cli.edge import Edge
from pakar.cli.options import HERE, AsJson, ExpertDir
from pakar.cli.terminal import plain
from pakar.cli.users import noted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from pakar.server.storage.keys import Key, Keys

app = typer.Typer(help="Keys for programs that use the server.", no_args_is_help=True)


@app.command()
def create(
    user: Annotated[str, typer.Argument(metavar="USER")],
    name: Annotated[str, typer.Option("--name", help="What it is for.")] = "",
    days: Annotated[float, typer.Option("--days", min=0, help="0: it does not expire.")] = 0,
    expert: ExpertDir = HERE,
    json: AsJson = False,
) -> None:
    """Make a key for a user. It is shown once and kept as a hash."""
    with Edge(json) as edge:
        made, secret = _keys(edge, expert).create(user, name, days)
        noted(edge, expert, "key created", f"{made.id} of {user}")
        edge.document({"key": secret, **_as_json(made)})
        edge.show(lambda console: console.print(secret, highlight=False, soft_wrap=True))
        edge.say(f"This is key {made.id} of {made.user}. It is not shown again.")


@app.command("list")
def list_all(expert: ExpertDir = HERE, json: AsJson = False) -> None:
    """Show all keys by their beginnings."""
    with Edge(json) as edge:
        found = _keys(edge, expert).all()
        edge.document({"keys": [_as_json(one) for one in found]})
        edge.show(lambda console: _show(console, found))


@app.command()
def revoke(
    number: Annotated[int, typer.Argument(metavar="ID", help="See: pakar keys list")],
    expert: ExpertDir = HERE,
    json: AsJson = False,
) -> None:
    """From now on the key opens nothing."""
    with Edge(json) as edge:
        _keys(edge, expert).revoke(number)
        noted(edge, expert, "key revoked", str(number))
        edge.document({"revoked": number})
        edge.say(f"Revoked key {number}.")


def _keys(edge: Edge, expert: Path) -> Keys:
    from pakar.server.storage.database import Database
    from pakar.server.storage.keys import Keys

    return Keys(Database.beside(edge.open(expert).folder))


def _as_json(key: Key) -> dict[str, object]:
    return {
        "id": key.id,
        "user": key.user,
        "name": key.name,
        "begins": key.shown,
        "created": key.created,
        "expires": key.expires,
        "revoked": key.revoked,
    }


def _show(console: Console, keys: Sequence[Key]) -> None:
    if not keys:
        console.print("No keys. Make one: pakar keys create USER")
        return
    table = Table("id", "user", "name", "begins", "created", "expires", "revoked")
    for one in keys:
        dates = (one.created[:10], one.expires[:10] or "never", one.revoked[:10])
        table.add_row(str(one.id), plain(one.user), plain(one.name), one.shown, *dates)
    console.print(table)
