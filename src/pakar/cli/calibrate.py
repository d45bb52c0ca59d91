"""`pakar calibrate`: when this expert says that it does not know, learned from its own examples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pakar.cli.edge import Edge
from pakar.cli.options import HERE, AsJson, ExpertDir

if TYPE_CHECKING:
    from pakar.flows.calibrating import Calibration


def calibrate(
    refused: Annotated[
        float,
        typer.Option(
            "--refused", help="Of questions that can be answered, this share may be refused."
        ),
    ] = 0.05,
    reset: Annotated[
        bool, typer.Option("--reset", help="Forget it: what comes with pakar holds again.")
    ] = False,
    expert: ExpertDir = HERE,
    json: AsJson = False,
) -> None:
    """Learn from the accepted examples when the documents do not answer a question."""
    with Edge(json) as edge:
        from pakar.cli.progress import stepping

        opened = edge.open(expert)
        if reset:
            there = opened.forget_calibration(on_wait=edge.say)
            edge.document({"reset": there})
            edge.say("Forgotten." if there else "There was nothing to forget.")
            return
        with stepping(edge.progress, "Searching for the examples' questions") as step:
            found = opened.calibrate(refused, progress=step, on_wait=edge.say)
        edge.document(_as_json(found))
        edge.show(lambda console: console.print(_told(found)))


def _told(found: Calibration) -> str:
    answerable, unanswerable = found.before
    return (
        f"Learned from {found.questions} questions, each with and without the documents that "
        f"answer it.\nOf those that have no answer it now refuses "
        f"{found.refused_unanswerable:.0%} (before: {unanswerable:.0%}), of those that have one "
        f"{found.refused_answerable:.0%} (before: {answerable:.0%})."
    )


def _as_json(found: Calibration) -> dict[str, object]:
    return {
        "questions": found.questions,
        "refused_answerable": round(found.refused_answerable, 4),
        "refused_unanswerable": round(found.refused_unanswerable, 4),
        "before": {
            "refused_answerable": round(found.before[0], 4),
            "refused_unanswerable": round(found.before[1], 4),
        },
        "own_weights": found.own_weights,
        "weights": found.learned.weights,
        "bias": found.learned.bias,
        "threshold": found.learned.threshold,
    }
