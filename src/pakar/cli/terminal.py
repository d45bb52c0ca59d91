"""What a person sees in the terminal: reports, hits, answers with their sources.

Everything that comes from a document is printed as plain text: no markup of it is interpreted and
control characters are shown as what they are, so that no document can write to the terminal.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pakar.errors import PakarError
from pakar.types import Adapter, AddReport, Answer, Citation, Computation, Failure, Hit, Status

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_MOST_LINES = 20
_LONGEST_QUOTE = 300


def plain(text: str) -> str:
    """Without characters that could steer a terminal."""
    return _CONTROL.sub("\ufffd", text)


def show_error(console: Console, problem: PakarError) -> None:
    console.print(Text(f"Error: {plain(str(problem))}", style="bold red"))
    if problem.hint:
        console.print(Text(plain(problem.hint), style="yellow"))


def show_report(console: Console, done: AddReport) -> None:
    counts = {
        "added": done.added, "updated": done.updated, "unchanged": done.unchanged,
        "removed": done.removed, "failed": done.failed, "skipped": done.skipped,
    }  # fmt: skip
    said = [f"{len(names)} {word}" for word, names in counts.items() if names]
    rate = (
        f", {done.passages / done.seconds:.1f} a second" if done.passages and done.seconds else ""
    )
    passages = f"{done.passages} passages in {done.seconds:.1f} s{rate}"
    console.print(f"{', '.join(said) or 'Nothing to do'}; {passages}.", highlight=False)
    _show_failures(console, done.failed, "red")
    _show_failures(console, done.skipped, "dim")
    for warning in done.warnings[:_MOST_LINES]:
        console.print(Text(f"  Note: {plain(warning)}", style="yellow"))


def _show_failures(console: Console, failures: Sequence[Failure], style: str) -> None:
    for one in failures[:_MOST_LINES]:
        said = one.error.removeprefix(f"{PurePosixPath(one.source).name}: ")
        line = f"  {one.source}: {said}" if one.source not in said else f"  {said}"
        hint = one.hint[:1].upper() + one.hint[1:]
        console.print(Text(plain(f"{line}. {hint}".rstrip(". ") + "."), style=style))
    if len(failures) > _MOST_LINES:
        console.print(f"  ... and {len(failures) - _MOST_LINES} more (all with --json)")


def show_status(console: Console, found: Status) -> None:
    table = Table(show_header=False, box=None, pad_edge=False)
    languages = ", ".join(f"{name} {count}" for name, count in sorted(found.languages.items()))
    rows = {
        "expert": found.folder,
        "language model": found.language_model,
        "embedder": found.embedder or "(nothing indexed yet)",
        "documents": str(len(found.documents)),
        "passages": f"{found.passages}  ({languages})" if languages else "0",
        "sources": ", ".join(found.roots),
    }
    if found.waiting:
        rows["to review"] = f"{found.waiting} examples, {found.feedback} of them from feedback"
    if found.calibrated:
        rows['"I don\'t know"'] = f"learned from {found.calibrated} questions of its own"
    for name, value in rows.items():
        table.add_row(Text(name, style="bold"), Text(plain(value)))
    console.print(table)
    for one in found.adapters:
        show_adapter(console, one)
    if found.training:
        console.print(Text(plain(f"{found.training[:1].upper()}{found.training[1:]}."), "cyan"))
    if found.problem:
        console.print(Text(plain(found.problem), style="bold yellow"))


def show_adapter(console: Console, one: Adapter) -> None:
    """One line on what it is, and one for each thing that speaks against it."""
    before, after = one.loss
    measured = f", held-out loss {before:.2f} to {after:.2f}" if before else ""
    says = f"{one.examples} examples, {one.seconds / 60:.1f} min{measured}"
    console.print(Text.assemble(("adapter  ", "bold"), f"{one.id}: {says}"))
    for reason in one.stale[:_MOST_LINES]:
        console.print(Text(f"  stale: {plain(reason)}", style="yellow"))
    if len(one.stale) > _MOST_LINES:
        console.print(f"  ... and {len(one.stale) - _MOST_LINES} more (all with --json)")
    if one.refused:
        console.print(Text(f"  not used by default: {plain(one.refused)}", style="yellow"))


def show_hits(console: Console, hits: Sequence[Hit]) -> None:
    if not hits:
        console.print("Nothing found.")
    for number, hit in enumerate(hits, start=1):
        parts = "  ".join(f"{name} {value:.3f}" for name, value in hit.scores.items())
        place = _place(hit.document, hit.page, hit.place or hit.heading)
        console.print(Text.assemble((f"{number}. ", "bold"), (plain(place), "cyan")))
        console.print(Text(f"   score {hit.score:.3f}  ({parts})", style="dim"))
        console.print(Text(_indented(_shortened(hit.text)), style=""))


def show_sources(console: Console, answer: Answer) -> None:
    """Sources, what has no support, and notes: everything below the answer's text."""
    console.print()
    if answer.citations:
        console.print(Text("Sources", style="bold"))
    for number, (place, quotes) in enumerate(_grouped(answer.citations), start=1):
        console.print(Text.assemble((f"[{number}] ", "bold"), (plain(place), "cyan")))
        for quote in quotes:
            console.print(Text(_indented(f"“{_shortened(quote)}”"), style="dim"))
    if answer.unsupported:
        console.print(Text("No support found in the documents for:", style="bold yellow"))
        for sentence in answer.unsupported:
            console.print(Text(_indented(_shortened(sentence)), style="yellow"))
    if answer.computation:
        _show_computation(console, answer.computation)
    for note in answer.notes:
        console.print(Text(f"Note: {plain(note)}", style="yellow"))
    times = answer.timings
    console.print(
        Text(
            f"{answer.route}: {times.total:.1f} s (found in {times.retrieval:.1f} s, "
            f"first words after {times.first_token:.1f} s)",
            style="dim",
        )
    )


def _show_computation(console: Console, done: Computation) -> None:
    console.print(Text("Computed with", style="bold"))
    console.print(Text(_indented(plain(done.query)), style="dim"))
    if done.cells:
        console.print(Text(_indented(_shortened(f"cells {', '.join(done.cells)}")), style="dim"))


def _grouped(citations: Sequence[Citation]) -> list[tuple[str, list[str]]]:
    groups: dict[str, list[str]] = {}
    for one in citations:
        quotes = groups.setdefault(_place(one.document, one.page, one.place or one.heading), [])
        if one.quote not in quotes:
            quotes.append(one.quote)
    return list(groups.items())


def _place(document: str, page: int | None, heading: str) -> str:
    slide = PurePosixPath(document).suffix.lower() == ".pptx"
    where = f"{'slide' if slide else 'page'} {page}" if page is not None else ""
    return ", ".join(part for part in (document, where, heading) if part)


def _shortened(text: str) -> str:
    one_line = plain(" ".join(text.split()))
    if len(one_line) <= _LONGEST_QUOTE:
        return one_line
    return f"{one_line[:_LONGEST_QUOTE].rsplit(' ', 1)[0]} …"


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())
