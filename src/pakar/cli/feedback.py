"""`pakar feedback`: say of an answer that it is right or wrong, what is right, where it stands."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from pakar.cli.edge import Edge
from pakar.cli.options import HERE, AsJson, ExpertDir

if TYPE_CHECKING:
    from rich.console import Console

    from pakar.expert import Expert
    from pakar.flows.feedback import FeedbackReport
    from pakar.flows.recent_answers import Given
    from pakar.types import Answer

_SHOWN = 20
_LONGEST = 100


def feedback(
    answer: Annotated[
        str, typer.Argument(metavar="ANSWER", help="An answer's id, its beginning, or last.")
    ] = "last",
    good: Annotated[
        Optional[bool],  # noqa: UP045  typer reads it at run time
        typer.Option("--good/--bad", help="It is right, or it is wrong.", show_default=False),
    ] = None,
    correction: Annotated[
        str, typer.Option("--answer", metavar="TEXT", help="What would have been right.")
    ] = "",
    source: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option("--source", metavar="DOCUMENT", help="Where it stands; repeatable."),
    ] = None,
    listing: Annotated[bool, typer.Option("--list", help="Show the last answers.")] = False,
    expert: ExpertDir = HERE,
    json: AsJson = False,
) -> None:
    """Say whether an answer was right; what can be learned from that waits for review."""
    with Edge(json) as edge:
        opened = edge.open(expert)
        if listing:
            last = opened.last_answers()
            edge.document({"answers": [_given(one) for one in last]})
            edge.show(lambda console: _show_answers(console, last))
            return
        done = opened.feedback(answer, good=good, correction=correction, sources=source or ())
        edge.document(as_json(done))
        edge.show(lambda console: _show(console, done))


def keeping(edge: Edge, expert: Expert) -> Callable[[str, Answer], str]:
    """Remembers an answer for later feedback; where that fails, the answer is still an answer."""
    from pakar.errors import PakarError

    def keep(question: str, answer: Answer) -> str:
        try:
            return expert.remember(question, answer)
        except (PakarError, OSError) as problem:
            edge.say(f"The answer is not kept for feedback: {problem}")
            return ""

    return keep


def as_json(done: FeedbackReport) -> dict[str, object]:
    return {
        "answer": done.answer,
        "waiting": [
            {
                "id": one.id,
                "question": one.question,
                "answer": one.answer,
                "documents": list(dict.fromkeys(source.document for source in one.sources)),
            }
            for one in done.added
        ],
        "rejected": [one.id for one in done.rejected],
        "notes": list(done.notes),
    }


def _given(one: Given) -> dict[str, object]:
    return {
        "id": one.id,
        "at": one.at,
        "route": one.answer.route,
        "question": one.question,
        "answer": one.answer.text,
    }


def _show(console: Console, done: FeedbackReport) -> None:
    from rich.text import Text

    from pakar.cli.terminal import plain

    for one in done.added:
        where = ", ".join(dict.fromkeys(source.document for source in one.sources))
        console.print(Text(plain(f"Waits for review as {one.id}: {where or 'no source'}")))
        console.print(Text(plain(f"  Q: {one.question}\n  A: {one.answer}"), style="dim"))
    for one in done.rejected:
        console.print(Text(f"{one.id} will not be learned."))
    for note in done.notes:
        console.print(Text(plain(f"Note: {note}."), style="yellow"))
    if done.added:
        console.print("Decide with: pakar examples review")


def _show_answers(console: Console, last: list[Given]) -> None:
    from rich.text import Text

    from pakar.cli.terminal import plain

    if not last:
        console.print("No answer was given yet: pakar ask QUESTION")
    for one in last[:_SHOWN]:
        said = " ".join(one.answer.text.split())[:_LONGEST]
        console.print(Text.assemble((one.id, "bold"), f"  {one.at}  {one.answer.route}"))
        console.print(Text(plain(f"  Q: {one.question[:_LONGEST]}\n  A: {said}"), style="dim"))
