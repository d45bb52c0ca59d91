"""`pakar examples`: training data built, imported, checked and reviewed."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from pakar.cli.edge import Edge
from pakar.cli.options import HERE, AsJson, ExpertDir

if TYPE_CHECKING:
    from pakar.training.clean import Dropped

app = typer.Typer(
    name="examples", help="Build, import, check and review training data.", no_args_is_help=True
)

Ids = Optional[list[str]]  # noqa: UP045  typer reads it at run time


@app.command()
def build(expert: ExpertDir = HERE, json: AsJson = False) -> None:
    """Take question-answer pairs out of the documents; add what is new."""
    with Edge(json) as edge:
        from pakar.cli import examples_view
        from pakar.cli.progress import stepping

        opened = edge.open(expert)
        with stepping(edge.progress, "Reading documents") as progress:
            done = opened.build_examples(progress=progress, on_wait=edge.say)
        examples_view.report(edge, done)


@app.command()
def generate(
    most: Annotated[int, typer.Option("--most", min=1, help="About how many passages.")] = 100,
    accept: Annotated[bool, typer.Option("--accept", help="Without review.")] = False,
    expert: ExpertDir = HERE,
    json: AsJson = False,
) -> None:
    """Let the configured model write pairs about passages; keep those that pass the checks."""
    with Edge(json) as edge:
        from pakar.cli import examples_view
        from pakar.cli.progress import stepping

        opened = edge.open(expert)
        with stepping(edge.progress, "Passages asked about") as progress:
            done = opened.generate_examples(
                most, accept=accept, progress=progress, on_wait=edge.say
            )
        examples_view.report(edge, done)


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="JSON Lines, JSON or CSV.")],
    expert: ExpertDir = HERE,
    json: AsJson = False,
) -> None:
    """Add the examples of a file: messages, Alpaca, ShareGPT, or a CSV of questions and answers."""
    with Edge(json) as edge:
        from pakar.cli import examples_view

        done = edge.open(expert).import_examples(file, on_wait=edge.say)
        examples_view.report(edge, done)


@app.command()
def check(expert: ExpertDir = HERE, json: AsJson = False) -> None:
    """Show what would be learned, how it fits the model, and what is dropped and why."""
    with Edge(json) as edge:
        from pakar.cli import examples_view

        found = edge.open(expert).check_examples()
        edge.document(examples_view.card_json(found))
        edge.show(lambda console: examples_view.show_card(console, found))
        if found.failed:
            edge.some_failed()


@app.command()
def review(
    accept: Annotated[Ids, typer.Option("--accept", metavar="ID", help="Accept this one.")] = None,
    reject: Annotated[Ids, typer.Option("--reject", metavar="ID", help="Reject this one.")] = None,
    only_list: Annotated[bool, typer.Option("--list", help="Only show what waits.")] = False,
    expert: ExpertDir = HERE,
    json: AsJson = False,
) -> None:
    """Decide on the examples that wait, one by one, or by id."""
    with Edge(json) as edge:
        from pakar.cli import examples_view

        opened = edge.open(expert)
        refused: tuple[Dropped, ...] = ()
        if accept or reject:
            refused = opened.review_examples(
                accept=accept or (), reject=reject or (), on_wait=edge.say
            )
        elif not (only_list or json) and sys.stdin.isatty():
            examples_view.decide(edge.console, opened)
            return
        waiting = [one for one in opened.examples() if one.state == "waiting"]
        taken = [key for key in accept or () if key not in {one.example.id for one in refused}]
        edge.document(examples_view.review_json(taken, reject or (), waiting, refused))
        edge.show(lambda console: examples_view.show_waiting(console, waiting, refused))
        if refused:
            edge.some_failed()
