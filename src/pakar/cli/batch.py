"""`pakar batch`: many questions from a file, each answered into a row of another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from pakar.cli.edge import Edge
from pakar.cli.options import HERE, AsJson, ExpertDir

if TYPE_CHECKING:
    from rich.console import Console

    from pakar.flows.batch import BatchProgress
    from pakar.flows.batch_rows import BatchReport

_MOST_LINES = 20


def batch(
    questions: Annotated[Path, typer.Argument(metavar="FILE", help=".csv, .tsv or .jsonl")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help=".csv, .tsv or .jsonl")],
    route: Annotated[
        Optional[str],  # noqa: UP045  typer reads it at run time
        typer.Option("--route", help="As for ask. Default: the one in pakar.toml."),
    ] = None,
    schema: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--schema", metavar="FILE", help="A JSON schema of fields to fill in."),
    ] = None,
    column: Annotated[str, typer.Option("--column", help="Which holds the question.")] = "question",
    no_answer: Annotated[
        bool, typer.Option("--no-answer", help="Only fill in the fields.")
    ] = False,
    nearest: Annotated[
        bool,
        typer.Option("--nearest", help="Choose described labels by meaning, not by the model."),
    ] = False,
    parallel: Annotated[
        int, typer.Option("--parallel", min=0, help="Questions at a time. 0: as the model can.")
    ] = 0,
    formulas: Annotated[
        bool,
        typer.Option("--formulas", help="Leave cells as they are that a spreadsheet would run."),
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the output file.")
    ] = False,
    expert: ExpertDir = HERE,
    json: AsJson = False,
) -> None:
    """Answer every row of a file, with sources, and fill in fields; a killed run goes on."""
    with Edge(json) as edge:
        from pakar.flows.batch import BatchRequest

        asked = BatchRequest(
            route=route,
            schema=schema,
            column=column,
            answer=not no_answer,
            nearest=nearest,
            parallel=parallel,
            formulas=formulas,
            overwrite=overwrite,
        )
        opened = edge.open(expert)
        with _watching(edge.progress) as watch:
            done = opened.batch(questions, out, asked, watch=watch, say=edge.say)
        edge.document(as_json(done))
        edge.show(lambda console: show(console, done))
        if done.failed:
            edge.some_failed()


def as_json(done: BatchReport) -> dict[str, object]:
    return {
        "out": done.out,
        "rows": done.rows,
        "asked": done.asked,
        "known": done.known,
        "review": done.review,
        "failed": [{"row": one.row, "error": one.error} for one in done.failed],
        "notes": list(done.notes),
    }


def show(console: Console, done: BatchReport) -> None:
    from rich.text import Text

    from pakar.cli.terminal import plain

    console.print(Text(plain(f"{done.rows} rows in {done.out}; {done.review} to be looked at.")))
    for note in done.notes:
        console.print(Text(plain(f"  Note: {note}."), style="yellow"))
    if done.failed:
        console.print(Text(f"{len(done.failed)} failed; run it again to ask only these:", "red"))
    for one in done.failed[:_MOST_LINES]:
        console.print(Text(plain(f"  row {one.row}: {one.error}"), style="red"))
    if len(done.failed) > _MOST_LINES:
        console.print(f"  ... and {len(done.failed) - _MOST_LINES} more (all with --json)")


@contextmanager
def _watching(console: Console) -> Iterator[Callable[[BatchProgress], None]]:
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
    )

    bar = Progress(
        TextColumn("Answering"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[left]}"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )
    with bar:
        task = bar.add_task("", total=None, left="time left not known yet")

        def watch(now: BatchProgress) -> None:
            left = "time left not known yet"
            if now.seconds_left is not None:
                left = f"{now.rate:.2f} a second, about {now.seconds_left:.0f} s left"
            if now.failed:
                left += f", {now.failed} failed"
            bar.update(task, completed=now.done, total=now.total, left=left)

        yield watch
