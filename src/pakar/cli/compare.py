"""What a person sees of a comparison: progress with the time left, then the verdict in a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.table import Table
from rich.text import Text

from pakar.cli.edge import Edge
from pakar.cli.terminal import plain
from pakar.cli.train import watching
from pakar.evaluation.bootstrap import Interval
from pakar.evaluation.comparison import Comparison
from pakar.evaluation.measures import BY_NAME, SCORE
from pakar.evaluation.recommend import Recommendation
from pakar.evaluation.run import Progress
from pakar.expert import Expert
from pakar.flows.comparing import Watch
from pakar.flows.routes import ALL
from pakar.types import Method

_SHOWN = (SCORE, "required", "token_f1", "supported", "refusal_recall")


@contextmanager
def comparing(console: Console, say: Callable[[str], None]) -> Iterator[Watch]:
    """A callback for `Expert.compare`: says the estimate once it is known, and draws a bar."""
    bar = Bar(
        TextColumn("Answering"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("answers ({task.fields[route]}), {task.fields[left]}"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )
    with bar:
        task = bar.add_task("", total=None, route="", left="time left not known yet")
        told = False

        def watch(now: Progress) -> None:
            nonlocal told
            left = "time left not known yet"
            if now.seconds_left is not None:
                left = f"about {_duration(now.seconds_left)} left"
                if not told and now.seconds_left > 1:
                    told = True
                    say(f"The rest takes about {_duration(now.seconds_left)}.")
            failed = f"{left}, {now.failed} failed" if now.failed else left
            bar.update(task, completed=now.done, total=now.total, route=now.route, left=failed)

        yield watch


def named(routes: str, *, everything: bool) -> list[str]:
    """The routes that the user names; all that there are if none is named and all are wanted."""
    found = [name.strip() for name in routes.split(",") if name.strip()]
    return found or (list(ALL) if everything else [])


def train_missing(
    edge: Edge, expert: Expert, names: Sequence[str], *, agreed: bool, minutes: float | None
) -> None:
    """Trains the adapters that the named routes lack, where the user agrees.

    At a terminal the user is asked, with the plan's estimate; elsewhere the word is `--train`.
    """
    missing = expert.missing_methods(names)
    for method in missing:
        if not agreed and not _agrees(edge, expert, method, minutes):
            continue
        edge.say(f"There is no {method} adapter yet; training one first.")
        with watching(edge.progress) as watcher:
            expert.train(method, minutes=minutes, watcher=watcher, on_wait=edge.say)


def _agrees(edge: Edge, expert: Expert, method: Method, minutes: float | None) -> bool:
    if not edge.can_ask:
        return False
    plan = expert.plan(method)
    seconds = 60 * minutes if minutes else plan.duration.seconds if plan.duration else None
    takes = f"about {_duration(seconds)} and " if seconds else ""
    return edge.agrees(
        f"There is no {method} adapter. Train one now? It takes {takes}{plan.needed / 1e9:.1f} GB"
    )


def show(console: Console, done: Comparison) -> None:
    """The verdict first, then figures, reasons and what weakens it."""
    verdict = done.recommendation
    console.print(Text(plain(verdict.verdict), style="bold green" if verdict.route else "bold"))
    if done.previous is not None:
        console.print(Text(plain(done.previous.says), style="bold"))
    console.print()
    console.print(_table(done))
    for title, lines, style in _parts(verdict):
        if lines:
            console.print(Text(title, style="bold"))
            for line in lines:
                console.print(Text(f"  - {plain(line)}", style=style))
    console.print(Text(f"Report: {plain(done.report)}", style="dim"))


def _parts(verdict: Recommendation) -> list[tuple[str, list[str], str]]:
    types = [f"{one.type} ({one.questions} questions): {one.says}." for one in verdict.types]
    return [
        ("Why", list(verdict.reasons), ""),
        ("By type of question", types, ""),
        ("Mind", list(verdict.caveats), "yellow"),
        ("What would change the verdict", list(verdict.would_change), ""),
    ]


def _table(done: Comparison) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("route")
    shown = [name for name in _SHOWN if any(name in route.metrics for route in done.routes)]
    for name in shown:
        table.add_column(BY_NAME[name].label, justify="right", no_wrap=name == SCORE)
    for label in ("s an answer", "MB", "training s"):
        table.add_column(label, justify="right")
    for route in sorted(done.routes, key=lambda one: -_score(done, one.name)):
        mark = " *" if route.name == done.recommendation.route else ""
        cells = []
        for name in shown:
            one = route.metrics.get(name)
            cells.append(_value(name, one) if one else "-")
        cost = route.cost
        table.add_row(
            plain(route.name + mark),
            *cells,
            _number(cost.latency_s, 2),
            _number(cost.memory_mb, 0),
            f"{cost.training_s:.0f}" if cost.training_s else "-",
        )
    return table


def _value(name: str, one: Interval) -> str:
    if name != SCORE:
        return f"{one.mean:.2f}"
    return f"{one.mean:.2f} ({one.low:.2f} to {one.high:.2f})"


def _score(done: Comparison, name: str) -> float:
    return done.evidence.standing.means.get(name, -1.0)


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _duration(seconds: float) -> str:
    return f"{seconds / 60:.0f} minutes" if seconds >= 90 else f"{seconds:.0f} s"
