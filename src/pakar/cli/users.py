"""The commands `pakar users ...`: who may use the server, in which role, with which labels."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer
from rich.table import Table

from pakar.cli.edge import Edge
from pakar.cli.options import HERE, AsJson, ExpertDir
from pakar.cli.terminal import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from pakar.server.storage.users import User, Users

app = typer.Typer(help="Who may use the server.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME")]
Labels = Annotated[
    Optional[list[str]],  # noqa: UP045  typer reads it at run time
    typer.Option("--label", help="May read documents with this label. May be given again."),
]
Password = Annotated[
    bool,
    typer.Option("--password", help="Ask for a password, for the browser; from a pipe, read one."),
]


@app.command()
def add(
    name: Name,
    role: Annotated[str, typer.Option("--role", help="reader, editor or admin.")] = "reader",
    label: Labels = None,
    password: Password = False,
    expert: ExpertDir = HERE,
    json: AsJson = False,
) -> None:
    """Let somebody use the server."""
    with Edge(json) as edge:
        users = users_of(edge, expert)
        made = users.add(name, role, label or (), _asked() if password else "")
        noted(edge, expert, "user added", name)
        edge.document({"user": as_json(made)})
        edge.say(f"Added {made.name} ({made.role}). A key for programs: pakar keys create {name}")


@app.command()
def change(
    name: Name,
    role: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option("--role", help="reader, editor or admin."),
    ] = None,
    label: Labels = None,
    no_labels: Annotated[bool, typer.Option("--no-labels", help="Takes all labels away.")] = False,
    password: Password = False,
    expert: ExpertDir = HERE,
    json: AsJson = False,
) -> None:
    """Give another role, other labels (all that are named replace the old ones), a password."""
    with Edge(json) as edge:
        users = users_of(edge, expert)
        labels = [] if no_labels else label
        given = _asked() if password else None
        done = users.change(name, role=role, labels=labels, password=given)
        noted(edge, expert, "user changed", name)
        edge.document({"user": as_json(done)})
        edge.show(lambda console: show(console, [done]))


@app.command("list")
def list_all(expert: ExpertDir = HERE, json: AsJson = False) -> None:
    """Show all users."""
    with Edge(json) as edge:
        found = users_of(edge, expert).all()
        edge.document({"users": [as_json(one) for one in found]})
        edge.show(lambda console: show(console, found))


@app.command()
def remove(name: Name, expert: ExpertDir = HERE, json: AsJson = False) -> None:
    """Take a user out, with keys and conversations."""
    with Edge(json) as edge:
        users_of(edge, expert).remove(name)
        noted(edge, expert, "user removed", name)
        edge.document({"removed": name})
        edge.say(f"Removed {name}.")


def _asked() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    given: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return given


def users_of(edge: Edge, expert: Path) -> Users:
    """The users of an expert's server."""
    from pakar.server.storage.database import Database
    from pakar.server.storage.users import Users

    return Users(Database.beside(edge.open(expert).folder))


def noted(edge: Edge, expert: Path, action: str, what: str) -> None:
    """Writes into the log who did what: somebody at the command line."""
    from pakar.server.storage.audit import COMMAND_LINE, Audit
    from pakar.server.storage.database import Database

    Audit(Database.beside(edge.open(expert).folder)).note(COMMAND_LINE, action, what)


def as_json(user: User) -> dict[str, object]:
    return {
        "name": user.name,
        "role": user.role,
        "labels": list(user.labels),
        "password": user.has_password,
        "created": user.created,
    }


def show(console: Console, users: Sequence[User]) -> None:
    if not users:
        console.print("No users. Add one: pakar users add NAME --role admin")
        return
    table = Table("name", "role", "labels", "password", "created")
    for one in users:
        labels = "everything" if one.role == "admin" else ", ".join(one.labels)
        password = "yes" if one.has_password else "no"
        table.add_row(plain(one.name), one.role, labels, password, one.created[:10])
    console.print(table)
