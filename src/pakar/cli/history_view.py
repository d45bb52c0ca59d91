"""Versions of the index and what differs between them, for people and as JSON."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pakar.cli.terminal import plain
from pakar.flows.history import AnswerChange, Difference
from pakar.flows.versioning import Kept
from pakar.index.difference import Change

_MOST_DOCUMENTS = 20
_MOST_SENTENCES = 10
_LONGEST = 200

Json = dict[str, object]


def kept_json(kept: Kept) -> Json:
    return {
        "versions": [
            {
                "version": one.number,
                "created": one.created,
                "command": one.command,
                "documents": len(one.documents),
                "passages": one.passages,
                "embedder": one.settings.get("embedder", ""),
            }
            for one in kept.versions
        ],
        "megabytes": round(kept.megabytes, 3),
    }


def difference_json(found: Difference) -> Json:
    return {
        "from": found.first,
        "to": found.second,
        "documents": [
            {
                "document": one.document,
                "change": one.kind,
                "gone": list(one.gone),
                "new": list(one.new),
                "passages_gone": one.passages_gone,
                "passages_new": one.passages_new,
                "note": one.note,
            }
            for one in found.changes
        ],
        "answers": [
            {"question": one.question, "gone": list(one.gone), "new": list(one.new)}
            for one in found.answers
        ],
        "asked": found.asked,
        "note": found.note,
    }


def show_kept(console: Console, kept: Kept) -> None:
    table = Table(box=None, pad_edge=False)
    for column in ("version", "documents", "passages"):
        table.add_column(column, justify="right")
    table.add_column("made")
    table.add_column("by")
    for one in reversed(kept.versions):
        cells = (str(one.number), str(len(one.documents)), str(one.passages))
        table.add_row(*cells, one.created, Text(plain(one.command)))
    console.print(table)
    console.print(f"What is no longer in the index takes {kept.megabytes:.1f} MB.")


def show_difference(console: Console, found: Difference) -> None:
    console.print(f"From version {found.first} to {found.second}:")
    if not found.changes:
        console.print("No document differs.")
    for one in found.changes[:_MOST_DOCUMENTS]:
        _show_change(console, one)
    _more(console, len(found.changes), _MOST_DOCUMENTS, "documents")
    if found.asked:
        console.print(
            f"{len(found.answers)} of {found.asked} known questions find other passages:"
            if found.answers
            else f"All {found.asked} known questions find the same passages."
        )
    for answer in found.answers[:_MOST_DOCUMENTS]:
        _show_answer(console, answer)
    _more(console, len(found.answers), _MOST_DOCUMENTS, "questions")
    if found.note:
        console.print(Text(f"Which answers could change: {plain(found.note)}", style="yellow"))


def _show_change(console: Console, one: Change) -> None:
    counts = f"passages -{one.passages_gone} +{one.passages_new}"
    console.print(Text.assemble((f"{one.kind:8} ", "bold"), (plain(one.document), "cyan")))
    console.print(Text(f"    {plain(one.note) or counts}", style="dim"))
    _show_sentences(console, "-", one.gone, "red")
    _show_sentences(console, "+", one.new, "green")


def _show_sentences(console: Console, sign: str, sentences: Sequence[str], style: str) -> None:
    for sentence in sentences[:_MOST_SENTENCES]:
        cut = sentence if len(sentence) <= _LONGEST else f"{sentence[:_LONGEST]} …"
        console.print(Text(f"  {sign} {plain(cut)}", style=style))
    _more(console, len(sentences), _MOST_SENTENCES, "sentences")


def _show_answer(console: Console, one: AnswerChange) -> None:
    console.print(Text(f"  {plain(one.question)}"))
    reasons = [f"no longer from {', '.join(one.gone)}"] * bool(one.gone)
    reasons += [f"now from {', '.join(one.new)}"] * bool(one.new)
    console.print(Text(plain(f"    {'; '.join(reasons) or 'in another order'}"), style="dim"))


def _more(console: Console, count: int, shown: int, what: str) -> None:
    if count > shown:
        console.print(f"  ... and {count - shown} more {what} (all with --json)")
