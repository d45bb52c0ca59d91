"""`pakar plan`: memory and time of a training run, before anything is spent."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from pakar.cli.edge import Edge
from pakar.cli.options import HERE, AsJson, ExpertDir

if TYPE_CHECKING:
    from pakar.config import Config

METHODS = ("lora", "qlora", "full")


def plan(
    model: Annotated[
        str, typer.Option("--model", metavar="SPEC", help="Default: pakar.toml's.")
    ] = "",
    parameters: Annotated[str, typer.Option("--parameters", help="A size instead: 70B.")] = "",
    method: Annotated[
        Optional[str],  # noqa: UP045  typer reads it at run time
        typer.Option("--method", help="lora, qlora or full. Default: all three compared."),
    ] = None,
    rank: Annotated[Optional[int], typer.Option("--rank", help="Of the adapter.")] = None,  # noqa: UP045
    targets: Annotated[
        str, typer.Option("--targets", help="Linear layers, with commas. Default: all.")
    ] = "",
    batch: Annotated[Optional[int], typer.Option("--batch", help="Examples a step.")] = None,  # noqa: UP045
    length: Annotated[Optional[int], typer.Option("--length", help="Tokens an example.")] = None,  # noqa: UP045
    answer: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option("--answer", help="Tokens of its answer. Default: a quarter."),
    ] = None,
    examples: Annotated[Optional[int], typer.Option("--examples", help="Their number.")] = None,  # noqa: UP045
    tokens: Annotated[Optional[int], typer.Option("--tokens", help="Of all examples.")] = None,  # noqa: UP045
    epochs: Annotated[Optional[float], typer.Option("--epochs", help="Passes over them.")] = None,  # noqa: UP045
    optimizer: Annotated[
        str, typer.Option("--optimizer", help="adamw, adamw_8bit, adafactor or sgd.")
    ] = "adamw",
    precision: Annotated[
        str, typer.Option("--precision", help="float32, bfloat16, float16 or auto.")
    ] = "auto",
    checkpointing: Annotated[
        Optional[bool],  # noqa: UP045
        typer.Option("--checkpointing/--no-checkpointing", help="Default: where memory needs it."),
    ] = None,
    gpu: Annotated[str, typer.Option("--gpu", metavar="NAME", help='Such as "A100 80GB".')] = "",
    gpus: Annotated[Optional[int], typer.Option("--gpus", help="How many of them.")] = None,  # noqa: UP045
    explain: Annotated[bool, typer.Option("--explain", help="Show the arithmetic.")] = False,
    expert: ExpertDir = HERE,
    json: AsJson = False,
) -> None:
    """Say what a training run takes in memory and time, and where it fits."""
    with Edge(json) as edge:
        from pakar.cli.plan_table import as_json, show
        from pakar.config import FILE_NAME
        from pakar.flows.plan import PlanRequest, make_plans

        request = PlanRequest(
            model=model, parameters=parameters, rank=rank, targets=_names(targets),
            optimizer=optimizer, precision=precision, checkpointing=checkpointing, batch=batch,
            length=length, answer=answer, examples=examples, tokens=tokens, epochs=epochs,
            gpu=gpu, gpus=gpus,
        )  # fmt: skip
        wanted = (method,) if method is not None else METHODS
        own = (expert / FILE_NAME).is_file() and request.is_about_own
        opened = edge.open(expert) if own else None
        if opened is not None and any(one.state == "accepted" for one in opened.examples()):
            edge.say("Planning for the examples of this expert; timing some of them ...")
            plans = opened.plans(wanted, request)
        else:
            plans = make_plans(wanted, request, _config(expert))
        edge.document(as_json(plans))
        edge.show(lambda console: show(console, plans, explain=explain))


def _names(targets: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in targets.split(",") if name.strip())


def _config(folder: Path) -> Config:
    """The expert's settings, or the usual ones where there is no expert."""
    from pakar.config import FILE_NAME, Config, load_config

    return load_config(folder) if (folder / FILE_NAME).is_file() else Config()
