"""The command `pakar advise`: which route to try first, by rules, and the evidence where there is.

On a terminal without flags it asks; flags and pakar.toml answer otherwise.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Literal, Optional, get_args

import typer
from rich.text import Text

from pakar.cli.edge import Edge
from pakar.cli.options import HERE, AsJson, ExpertDir
from pakar.cli.terminal import plain

if TYPE_CHECKING:
    from rich.console import Console

    from pakar.config import Needs
    from pakar.evaluation.advise import Advice

Changes = Literal["unknown", "never", "monthly", "weekly", "daily"]
Flag = Optional[bool]  # noqa: UP045  typer reads it at run time

_ASKED = {
    "sources": "Must answers show their sources?",
    "vocabulary": "Has the field words and expressions of its own?",
    "combines": "Do answers combine several pieces of knowledge?",
    "automated": "Do answers feed an automated business flow?",
    "private": "Must everything stay on this machine?",
}


def advise(
    changes: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option("--changes", help="never, monthly, weekly, daily or unknown."),
    ] = None,
    sources: Annotated[Flag, typer.Option(help="Answers must show sources.")] = None,
    vocabulary: Annotated[Flag, typer.Option(help="Special vocabulary.")] = None,
    combines: Annotated[Flag, typer.Option(help="Answers combine several pieces.")] = None,
    automated: Annotated[Flag, typer.Option(help="An automated business flow.")] = None,
    private: Annotated[Flag, typer.Option(help="Nothing leaves this machine.")] = None,
    max_seconds: Annotated[
        Optional[float],  # noqa: UP045
        typer.Option("--max-seconds", min=0, help="Longest answer; 0: no limit."),
    ] = None,
    max_memory: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option("--max-memory", min=0, help="Most memory in MB; 0: no limit."),
    ] = None,
    examples: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option("--examples", min=0, help="Good examples. Default: those in examples/."),
    ] = None,
    expert: ExpertDir = HERE,
    json: AsJson = False,
) -> None:
    """Say which route to try first, by the field's rules and by what was measured."""
    if changes is not None and changes not in get_args(Changes):
        raise typer.BadParameter(f"--changes is {changes!r}; known: {', '.join(get_args(Changes))}")
    given: dict[str, object] = {
        "changes": changes,
        "sources": sources,
        "vocabulary": vocabulary,
        "combines": combines,
        "automated": automated,
        "private": private,
        "max_seconds": max_seconds,
        "max_memory_mb": max_memory,
    }
    with Edge(json) as edge:
        from pakar.config import Needs

        opened = edge.open(expert)
        said = {key: value for key, value in given.items() if value is not None}
        if not said and examples is None and not json and sys.stdin.isatty():
            said = _ask(opened.config.needs)
        needs = Needs.model_validate({**opened.config.needs.model_dump(), **said})
        found = opened.advise(needs, examples=examples)
        edge.document(as_json(found))
        edge.show(lambda console: show(console, found))


def as_json(found: Advice) -> dict[str, object]:
    return {
        "route": found.route,
        "rules_route": found.rules_route,
        "rules": [
            {"rule": one.rule, "routes": list(one.routes), "says": one.says, "measure": one.measure}
            for one in found.spoken
        ],
        "evidence": found.evidence,
        "overruled": found.overruled,
    }


def show(console: Console, found: Advice) -> None:
    console.print(Text(f"Try first: {found.route}", style="bold green"))
    if found.evidence:
        console.print(Text(plain(found.evidence), style="bold"))
        if found.overruled:
            says = f"The rules alone would say {found.rules_route}. What was measured overrules."
            console.print(Text(says, style="yellow"))
    console.print(Text("Rules that spoke", style="bold"))
    if not found.spoken:
        console.print("  - none: nothing speaks against retrieval, which needs no training.")
    for one in found.spoken:
        console.print(Text(f"  - {one.rule} ({', '.join(one.routes)}): {plain(one.says)}"))
    console.print(Text("To be sure, measure", style="bold"))
    for line in found.to_measure:
        console.print(Text(f"  - {plain(line)}"))
    console.print(Text("  with: pakar compare", style="dim"))


def _ask(usual: Needs) -> dict[str, object]:
    """Asks on the terminal; pakar.toml gives the usual answers."""
    choices = get_args(Changes)
    changes = ""
    while changes not in choices:
        question = f"How often do the documents change? ({', '.join(choices)})"
        changes = typer.prompt(question, default=usual.changes, err=True).strip().lower()
    said: dict[str, object] = {"changes": changes}
    for key, question in _ASKED.items():
        said[key] = typer.confirm(question, default=getattr(usual, key), err=True)
    said["max_seconds"] = typer.prompt(
        "Longest answer in seconds (0: no limit)", default=usual.max_seconds, type=float, err=True
    )
    said["max_memory_mb"] = typer.prompt(
        "Most memory in MB (0: no limit)", default=usual.max_memory_mb, type=int, err=True
    )
    return said
