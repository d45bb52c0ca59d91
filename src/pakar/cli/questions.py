"""The commands `pakar questions ...`: held-out questions come in and are checked."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from pakar.cli.edge import Edge
from pakar.cli.options import HERE, AsJson, ExpertDir
from pakar.cli.terminal import plain

if TYPE_CHECKING:
    from rich.console import Console

    from pakar.evaluation.question_check import QuestionCheck
    from pakar.evaluation.question_import import Imported

app = typer.Typer(help="Bring in and check held-out questions.", no_args_is_help=True)

_SHOWN = 10


@app.command("import")
def bring_in(
    source: Annotated[Path, typer.Argument(metavar="FILE", help=".csv, .tsv or .jsonl")],
    expert: ExpertDir = HERE,
    json: AsJson = False,
) -> None:
    """Add the questions of a table or a file of JSON lines to questions.jsonl."""
    with Edge(json) as edge:
        done = edge.open(expert).import_questions(source)
        edge.document(_imported(done))
        edge.show(lambda console: _show_imported(console, done))
        if done.refused:
            edge.some_failed()


@app.command()
def draft(
    count: Annotated[int, typer.Option("--count", min=1, help="How many, at most.")] = 50,
    by: Annotated[
        str, typer.Option("--by", metavar="WAY", help="extract (no model) or model.")
    ] = "extract",
    expert: ExpertDir = HERE,
    json: AsJson = False,
) -> None:
    """Draft questions from the documents; they are marked as drafted, and so is every verdict."""
    with Edge(json) as edge:
        from pakar.cli.progress import counting

        opened = edge.open(expert)
        with counting(edge.progress, "Drafting", count) as step:
            done = opened.draft_questions(count, by=by, progress=lambda *_: step())
        edge.document(_imported(done))
        edge.show(lambda console: _show_drafted(console, done))


@app.command()
def check(
    questions: Annotated[
        Path | None, typer.Option("--questions", metavar="FILE", help="Default: questions.jsonl.")
    ] = None,
    expert: ExpertDir = HERE,
    json: AsJson = False,
) -> None:
    """Look for doubles, leaks and gaps, and say what so many questions can show."""
    with Edge(json) as edge:
        found = edge.open(expert).check_questions(questions)
        edge.document(_checked(found))
        edge.show(lambda console: _show_check(console, found))


def _imported(done: Imported) -> dict[str, object]:
    return {
        "added": len(done.added),
        "known": done.known,
        "refused": [{"line": one.line, "reason": one.reason} for one in done.refused],
    }


def _show_imported(console: Console, done: Imported) -> None:
    console.print(f"{len(done.added)} questions added, {done.known} were there already.")
    for one in done.refused[:_SHOWN]:
        console.print(Text(f"  line {one.line}: {plain(one.reason)}", style="red"))
    if len(done.refused) > _SHOWN:
        console.print(f"  ... and {len(done.refused) - _SHOWN} more (all with --json)")


def _show_drafted(console: Console, done: Imported) -> None:
    _show_imported(console, done)
    for one in done.added[:_SHOWN]:
        console.print(Text(f"  {one.id}: {plain(one.question)}"))
    if len(done.added) > _SHOWN:
        console.print(f"  ... and {len(done.added) - _SHOWN} more")
    console.print(
        Text(
            "Read them, delete the bad ones, and add unanswerable ones of your own: drafted "
            "questions favour the way that drafted them. What you have checked needs no "
            '"drafted": true any more.',
            style="yellow",
        )
    )


def _checked(found: QuestionCheck) -> dict[str, object]:
    detectable = found.detectable
    return {
        "questions": found.questions,
        "unanswerable": found.unanswerable,
        "drafted": found.drafted,
        "types": found.types,
        "doubles": [{"id": one, "of": other} for one, other in found.doubles],
        "leaks": [
            {
                "id": one.question,
                "example": one.example,
                "place": one.place,
                "similarity": round(one.similarity, 3),
            }
            for one in found.leaks
        ],
        "unknown_documents": list(found.unknown),
        "not_scored": list(found.bare),
        "detectable": None if math.isinf(detectable) else round(detectable, 4),
    }


def _show_check(console: Console, found: QuestionCheck) -> None:
    console.print(Text(found.says, style="bold"))
    types = ", ".join(f"{name} {count}" for name, count in found.types.items())
    console.print(
        Text(plain(f"{found.unanswerable} unanswerable, {found.drafted} drafted; types: {types}"))
    )
    lines = [f"{one} repeats {other}" for one, other in found.doubles]
    lines += [
        f"{one.question} is (nearly) in the training examples: {one.place}" for one in found.leaks
    ]
    lines += [f"{one} names a document that is not in the index" for one in found.unknown]
    lines += [f"{one} has no reference and no facts: it is not scored" for one in found.bare]
    if not found.unanswerable:
        lines.append("no question is unanswerable: refusing will not be measured")
    for line in lines[: 3 * _SHOWN]:
        console.print(Text(f"  - {plain(line)}", style="yellow"))
    if len(lines) > 3 * _SHOWN:
        console.print(f"  ... and {len(lines) - 3 * _SHOWN} more (all with --json)")
    if not lines:
        console.print("  No doubles, no leaks, no gaps.")
