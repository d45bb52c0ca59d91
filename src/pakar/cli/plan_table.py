"""Plans as tables for people and as JSON for scripts. Sizes are GB of 10^9 bytes."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pakar.cli.terminal import plain
from pakar.training.ledger import Group
from pakar.training.plan import Fit, Plan

_LOADING = Text("with the file's pages, which the system takes back when it must", style="dim")
_GROUPS: dict[str, tuple[Group, ...]] = {
    "weights": ("weights",),
    "trained, optimizer": ("adapter", "optimizer"),
    "activations": ("activations",),
    "working, process": ("working", "process"),
}


def show(console: Console, plans: Sequence[Plan], *, explain: bool) -> None:
    """One plan in full, several side by side."""
    first = plans[0]
    size = f"{plain(first.model)}: {_short(first.parameters)} parameters"
    console.print(Text(size, style="bold"))
    if len(plans) == 1:
        _show_ledger(console, first, explain)
    else:
        _show_methods(console, plans)
    for one in plans:
        if explain and len(plans) > 1:
            console.print(Text(f"\n{one.setup.method}", style="bold"))
            _show_ledger(console, one, True)
    for one in plans:
        console.print(_verdict(one))
        if explain:
            console.print(Text(_usual_sum(one), style="dim"))
    _show_cards(console, plans)
    for note in dict.fromkeys(note for one in plans for note in (_read(one), *one.notes)):
        console.print(Text(f"  {plain(note)}", style="dim"))


def _show_ledger(console: Console, plan: Plan, explain: bool) -> None:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    for line in plan.memory.lines:
        cells = [Text(line.name), Text(f"{line.bytes / 1e9:.2f} GB")]
        table.add_row(*cells, *([Text(line.how, style="dim")] if explain else []))
    each = " each" if plan.machine.count > 1 else ""
    table.add_row(
        Text(f"peak{each}", style="bold"), Text(f"{plan.memory.peak / 1e9:.2f} GB", style="bold")
    )
    if not plan.machine.on_card and plan.resident > plan.needed:
        while_loading = f"{plan.memory.loading / 1e9:.2f} GB"
        table.add_row(Text("shown while loading"), while_loading, *([_LOADING] if explain else []))
    console.print(table)
    if explain and plan.duration is not None:
        console.print(Text(f"time: {plan.duration.how}", style="dim"))


def _show_methods(console: Console, plans: Sequence[Plan]) -> None:
    table = Table(box=None, pad_edge=False)
    table.add_column("GB a device")
    for name in (*_GROUPS, "total", "time"):
        table.add_column(name, justify="right")
    for one in plans:
        parts = [f"{one.memory.of(*groups) / 1e9:.1f}" for groups in _GROUPS.values()]
        table.add_row(one.setup.method, *parts, f"{one.needed / 1e9:.1f}", _time(one))
    console.print(table)


def _show_cards(console: Console, plans: Sequence[Plan]) -> None:
    table = Table(box=None, pad_edge=False, title_justify="left")
    table.add_column("cards that hold it")
    for one in plans:
        table.add_column(one.setup.method, justify="right")
    names = {fit.gpu.name: fit.gpu for one in plans for fit in one.elsewhere}
    for name in sorted(names, key=lambda name: names[name].gigabytes):
        fits = [_fit(one, name) for one in plans]
        table.add_row(name, *(_cell(fit) for fit in fits))
        if all(fit is not None and fit.count == 1 and not fit.checkpointing for fit in fits):
            break  # and every larger one
    console.print(table)
    console.print(
        Text(
            "  In brackets: the usual sum, weights and states alone (gradients and optimizer), "
            "evenly divided. c: with checkpointing.",
            style="dim",
        )
    )


def _fit(plan: Plan, name: str) -> Fit | None:
    return next((fit for fit in plan.elsewhere if fit.gpu.name == name), None)


def _cell(fit: Fit | None) -> str:
    if fit is None:
        return "-"
    return f"{fit.count}{' c' if fit.checkpointing else '  '} ({fit.bare})"


def _verdict(plan: Plan) -> Text:
    machine, needed = plan.machine, plan.needed / 1e9
    where = f"{machine.count} × {machine.name}" if machine.on_card else machine.name
    of = f"{needed:.1f} of {machine.bytes / 1e9:.1f} GB"
    each = " on each" if machine.count > 1 else ""
    kept = ", with checkpointing" if plan.setup.checkpointing else ""
    if plan.fits:
        return Text(f"{plan.setup.method} fits {where}: {of}{each}{kept}", style="green")
    fewest = sorted(plan.elsewhere, key=lambda fit: (fit.count, fit.gpu.gigabytes))
    fits = [f"{fit.count} × {fit.gpu.name}" for fit in fewest][:3]
    would = f"; would fit on {', '.join(fits)}" if fits else ""
    return Text(
        f"{plan.setup.method} does not fit {where}: needs {needed:.1f}, has "
        f"{machine.bytes / 1e9:.1f} GB{each}{kept}{would}",
        style="red",
    )


def _usual_sum(plan: Plan) -> str:
    """Weights and states alone, evenly divided: the sum behind most published card counts."""
    size = plan.machine.bytes / 1e9
    states = plan.memory.of("weights", "adapter", "optimizer") * plan.machine.count / 1e9
    return (
        f"  usual sum: {states:.1f} GB of weights and states"
        f" ({states * 1e9 / plan.parameters:.2f} bytes a parameter) / {size:.0f} GB"
        f" = {states / size:.2f}: {-(-states // size):.0f} devices, without activations,"
        " working space and process"
    )


def _read(plan: Plan) -> str:
    work, largest = plan.work, plan.work.largest
    return (
        f"{work.examples:,} examples, {work.tokens:,} tokens, {work.epochs:g} epochs of "
        f"{-(-work.examples // work.batch):,} steps; at most {largest.tokens:,} tokens at once, "
        f"{largest.answers:,} of them learned; {plan.setup.precision}, {plan.setup.optimizer}"
    )


def _time(plan: Plan) -> str:
    if plan.duration is None:
        return "?"
    minutes = plan.duration.seconds / 60
    about = "about " if plan.machine.on_card else ""
    if minutes < 120:
        return f"{about}{minutes:.1f} min"
    return f"{about}{minutes / 60:.1f} h" if minutes < 2880 else f"{about}{minutes / 1440:.0f} days"


def _short(count: int) -> str:
    return f"{count / 1e9:.2f} billion" if count >= 1e9 else f"{count / 1e6:.1f} million"


def as_json(plans: Sequence[Plan]) -> dict[str, object]:
    first = plans[0]
    return {
        "model": first.model,
        "source": first.source,
        "parameters": first.parameters,
        "machine": {
            "name": first.machine.name,
            "gb": round(first.machine.bytes / 1e9, 3),
            "count": first.machine.count,
        },
        "plans": [_plan(one) for one in plans],
    }


def _plan(plan: Plan) -> dict[str, object]:
    duration = plan.duration
    return {
        "method": plan.setup.method,
        "trained": plan.trained,
        "rank": None if plan.setup.method == "full" else plan.setup.rank,
        "precision": plan.setup.precision,
        "optimizer": plan.setup.optimizer,
        "checkpointing": plan.setup.checkpointing,
        "examples": plan.work.examples,
        "tokens": plan.work.tokens,
        "steps": plan.work.steps,
        "micro_batch": {
            "tokens": plan.work.largest.tokens,
            "answers": plan.work.largest.answers,
        },
        "needed_gb": round(plan.needed / 1e9, 3),
        "fits": plan.fits,
        "ledger": [
            {"group": line.group, "name": line.name, "bytes": line.bytes, "how": line.how}
            for line in plan.memory.lines
        ],
        "loading_gb": round(plan.memory.loading / 1e9, 3),
        "seconds": None if duration is None else round(duration.seconds, 1),
        "tokens_per_second": None if duration is None else round(duration.tokens_per_second, 1),
        "time_how": "" if duration is None else duration.how,
        "elsewhere": [
            {
                "gpu": fit.gpu.name,
                "gb": fit.gpu.gigabytes,
                "count": fit.count,
                "states_alone": fit.bare,
                "checkpointing": fit.checkpointing,
            }
            for fit in plan.elsewhere
        ],
        "notes": list(plan.notes),
    }
