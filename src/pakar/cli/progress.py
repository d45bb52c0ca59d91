"""Progress of long work, on standard error: documents, rate, time left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

if TYPE_CHECKING:
    from pakar.index.build import Progress as IndexProgress


@contextmanager
def indexing(console: Console) -> Iterator[IndexProgress]:
    """A callback for `Expert.add` that draws a bar while the context lasts."""
    bar = Progress(
        TextColumn("Reading and indexing"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("documents, {task.fields[passages]} passages, {task.fields[rate]} a second"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )
    with bar:
        task = bar.add_task("", total=None, passages=0, rate="-")

        def report(done: int, total: int, passages: int, current: str) -> None:
            elapsed = bar.tasks[task].elapsed or 0.0
            rate = f"{passages / elapsed:.1f}" if passages and elapsed else "-"
            bar.update(task, completed=done, total=total, passages=passages, rate=rate)

        yield report


@contextmanager
def counting(console: Console, label: str, total: int) -> Iterator[Callable[[], None]]:
    """A callback to call after each of `total` steps, drawn as a bar with the time left."""
    bar = _bar(console, label)
    with bar:
        task = bar.add_task("", total=total)
        yield lambda: bar.advance(task)


@contextmanager
def stepping(console: Console, label: str) -> Iterator[Callable[[int, int], None]]:
    """A callback that is told how many steps of how many are done."""
    bar = _bar(console, label)
    with bar:
        task = bar.add_task("", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _bar(console: Console, label: str) -> Progress:
    return Progress(
        TextColumn(label),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )
