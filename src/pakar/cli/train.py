"""What a person sees of a training: stages, the ledger of the preflight, the loss and the time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from pakar.cli.terminal import plain, show_adapter
from pakar.flows.tuning import Watcher
from pakar.ports import Progress as Standing
from pakar.training.preflight import Preflight
from pakar.types import Adapter

_STYLES = {"good": "green", "note": "yellow", "bad": "red"}


@contextmanager
def watching(console: Console) -> Iterator[Watcher]:
    """Shows a training on `console` while the context lasts."""
    bar = Progress(
        TextColumn("Training"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[says]}"),
        console=console,
        transient=True,
    )
    with bar:
        task = bar.add_task("", total=None, says="", visible=False)

        def stand(now: Standing) -> None:
            bar.update(task, completed=now.step, total=now.steps, says=_says(now), visible=True)

        yield Watcher(
            stage=lambda line: bar.console.print(Text(plain(line))),
            checks=lambda looked: show_checks(bar.console, looked),
            progress=stand,
        )


def _says(now: Standing) -> str:
    rate = now.tokens / now.seconds if now.seconds else 0.0
    held_out = f", held out {now.held_out:.3f}" if now.held_out is not None else ""
    left = _left(now)
    return f"loss {now.loss:.3f}{held_out}, {rate:,.0f} tokens/s{left}"


def _left(now: Standing) -> str:
    """Time to the end at the pace so far; a run that was gone on from counts its own steps only."""
    done = now.steps_done
    if not done or now.step >= now.steps:
        return ""
    seconds = round(now.seconds / done * (now.steps - now.step))
    return f", {seconds // 60}:{seconds % 60:02d} left"


def show_checks(console: Console, looked: Preflight) -> None:
    """The ledger, one line a check."""
    table = Table(show_header=False, box=None, pad_edge=False)
    for check in looked.checks:
        style = _STYLES[check.verdict]
        hint = f" {check.hint}" if check.hint else ""
        table.add_row(
            Text(check.verdict, style=style), check.name, Text(plain(f"{check.says}.{hint}"))
        )
    console.print(table)


def show_trained(console: Console, adapter: Adapter) -> None:
    show_adapter(console, adapter)
    console.print(Text(f"In {plain(adapter.folder)}, with its curve in loss.png", style="dim"))
    console.print(f"Ask it: pakar ask QUESTION --route rag+{adapter.method}")
