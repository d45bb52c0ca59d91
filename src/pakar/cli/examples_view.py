"""What `pakar examples` shows: reports, the card, and one example after the other for review."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pakar.cli.terminal import plain
from pakar.errors import ExampleError
from pakar.flows.examples import ExampleReport
from pakar.training.card import Card
from pakar.training.clean import Dropped
from pakar.types import Example, Failure

if TYPE_CHECKING:
    from pakar.cli.edge import Edge
    from pakar.expert import Expert

Json = dict[str, object]
_MOST = 10
_KEYS = "[a]ccept, [e]dit, [r]eject, [s]kip, [q]uit: "


def report(edge: Edge, done: ExampleReport) -> None:
    """What a build or an import did; wrong rows make the exit code 3."""
    edge.document(report_json(done))
    edge.show(lambda console: show_report(console, done))
    if done.failed:
        edge.some_failed()


def report_json(done: ExampleReport) -> Json:
    return {
        "added": [one.id for one in done.added],
        "waiting": [one.id for one in done.waiting],
        "updated": done.updated,
        "unchanged": done.unchanged,
        "dropped": [_dropped(one) for one in done.dropped],
        "failed": [_failure(one) for one in done.failed],
        "notes": list(done.notes),
        "generated": {"asked": done.asked, "rejected": dict(done.rejected)},
    }


def show_report(console: Console, done: ExampleReport) -> None:
    counts = {
        "added": len(done.added), "updated": done.updated, "unchanged": done.unchanged,
        "dropped": len(done.dropped), "failed": len(done.failed),
    }  # fmt: skip
    said = [f"{count} {word}" for word, count in counts.items() if count]
    console.print(f"{', '.join(said) or 'Nothing new'}.")
    if done.asked:
        fell = sum(done.rejected.values())
        console.print(f"The model wrote about {done.asked} passages; {fell} pairs did not pass:")
        for reason, count in sorted(done.rejected.items(), key=lambda one: -one[1]):
            console.print(Text(f"  {count}: {plain(reason)}", style="yellow"))
    _show_dropped(console, done.dropped)
    _show_failed(console, done.failed)
    for note in done.notes:
        console.print(Text(f"  Note: {plain(note)}.", style="yellow"))
    if done.waiting:
        console.print(f"{len(done.waiting)} wait for a look: pakar examples review")


def card_json(found: Card) -> Json:
    lengths = found.lengths
    return {
        "learned": found.learned,
        "states": dict(found.states),
        "origins": dict(found.origins),
        "forms": dict(found.forms),
        "languages": dict(found.languages),
        "tokens": {
            "context": lengths.context,
            "shortest": lengths.shortest,
            "median": lengths.median,
            "longest": lengths.longest,
            "too_long": list(lengths.too_long),
        },
        "documents": {"covered": dict(found.covered), "uncovered": list(found.uncovered)},
        "stale": list(found.stale),
        "personal_data": [
            {"id": key, "kinds": list(kinds)} for key, kinds in found.personal.items()
        ],
        "dropped": [_dropped(one) for one in found.dropped],
        "data_hash": found.data_hash,
        "failed": [_failure(one) for one in found.failed],
        "notes": list(found.notes),
    }


def show_card(console: Console, found: Card) -> None:
    lengths = found.lengths
    many = next(iter(found.covered.items()), None)
    rows = {
        "learned": str(found.learned),
        "by state": _counts(found.states),
        "by origin": _counts(found.origins),
        "by form": _counts(found.forms),
        "languages": _counts(found.languages),
        "tokens": f"{lengths.shortest} to {lengths.longest}, median {lengths.median:.0f}; "
        f"{len(lengths.too_long)} exceed the context of {lengths.context:,}",
        "documents": f"{len(found.covered)} covered, {len(found.uncovered)} not"
        + (f"; most: {many[0]} ({many[1]})" if many else ""),
        "stale": f"{len(found.stale)} from documents that have changed or gone",
        "personal data": f"{len(found.personal)} examples"
        + (f" ({_counts(Counter(k for kinds in found.personal.values() for k in kinds))})"
           if found.personal else ""),
        "dropped": _counts(Counter(one.why for one in found.dropped)) or "none",
        "data hash": found.data_hash[:16],
    }  # fmt: skip
    table = Table(show_header=False, box=None, pad_edge=False)
    for name, value in rows.items():
        table.add_row(Text(name, style="bold"), Text(plain(value)))
    console.print(table)
    _show_dropped(console, found.dropped)
    _show_failed(console, found.failed)
    for note in found.notes:
        console.print(Text(f"  Note: {plain(note)}.", style="yellow"))


def review_json(
    accepted: Sequence[str],
    rejected: Sequence[str],
    waiting: Sequence[Example],
    refused: Sequence[Dropped] = (),
) -> Json:
    return {
        "accepted": list(accepted),
        "rejected": list(rejected),
        "refused": [_dropped(one) for one in refused],
        "waiting": [
            {
                "id": one.id,
                "question": one.question,
                "answer": one.answer,
                "documents": [source.document for source in one.sources],
                "origin": one.origin,
            }
            for one in waiting
        ],
    }


def show_waiting(
    console: Console, waiting: Sequence[Example], refused: Sequence[Dropped] = ()
) -> None:
    for held in refused:
        _show_refused(console, held)
    console.print(f"{len(waiting)} wait.")
    for one in waiting:
        _show_example(console, one)


def decide(console: Console, expert: Expert) -> None:
    """Asks for each waiting example what shall become of it."""
    waiting = [one for one in expert.examples() if one.state == "waiting"]
    for number, one in enumerate(waiting, start=1):
        console.print(f"\n{number} of {len(waiting)}", style="dim")
        _show_example(console, one)
        chosen = console.input(_KEYS, markup=False).strip().casefold()[:1]
        if chosen == "q":
            return
        if chosen == "a":
            for refused in expert.review_examples(accept=[one.id]):
                _show_refused(console, refused)
        elif chosen == "r":
            expert.review_examples(reject=[one.id])
        elif chosen == "e":
            _edit(console, expert, one)
    console.print("Nothing waits any more." if waiting else "Nothing waits.")


def _edit(console: Console, expert: Expert, one: Example) -> None:
    question = console.input("Question (Enter keeps it): ", markup=False).strip()
    answer = console.input("Answer (Enter keeps it): ", markup=False).strip()
    try:
        expert.edit_example(one.id, question=question or one.question, answer=answer or one.answer)
    except ExampleError as error:
        console.print(Text(plain(f"Not changed: {error}. {error.hint}"), style="red"))


def _show_refused(console: Console, one: Dropped) -> None:
    line = f"{one.example.id} is not accepted, as a {one.why}: {one.how}: {one.other}"
    console.print(Text(plain(line), style="yellow"))


def _show_example(console: Console, one: Example) -> None:
    where = ", ".join(source.document for source in one.sources)
    console.print(Text(plain(f"{one.id}  {one.origin}  {where}"), style="dim"))
    console.print(Text(plain(f"  Q: {one.question}")))
    console.print(Text(plain(f"  A: {one.answer}")))


def _show_dropped(console: Console, dropped: Sequence[Dropped]) -> None:
    for why in dict.fromkeys(one.why for one in dropped):
        group = [one for one in dropped if one.why == why]
        console.print(Text(f"  Dropped as {why}: {len(group)}", style="yellow"))
        for one in group[:_MOST]:
            line = f"    {one.example.question[:100]} ({one.how}: {one.other[:100]})"
            console.print(Text(plain(line), style="dim"))
        if len(group) > _MOST:
            console.print(f"    ... and {len(group) - _MOST} more (all with --json)")


def _show_failed(console: Console, failed: Sequence[Failure]) -> None:
    for one in failed[:_MOST]:
        console.print(Text(plain(f"  {one.source}: {one.error}. {one.hint}"), style="red"))
    if len(failed) > _MOST:
        console.print(f"  ... and {len(failed) - _MOST} more (all with --json)")


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))


def _dropped(one: Dropped) -> Json:
    return {
        "id": one.example.id,
        "question": one.example.question,
        "why": one.why,
        "how": one.how,
        "other": one.other,
    }


def _failure(one: Failure) -> Json:
    return {"source": one.source, "error": one.error, "hint": one.hint}
