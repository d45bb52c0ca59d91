"""The commands: each parses, calls one method of `Expert`, and shows the result."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import Annotated, Optional

import typer

from pakar.cli import access, advise, as_json, examples, keys, questions, users
from pakar.cli.batch import batch
from pakar.cli.calibrate import calibrate
from pakar.cli.edge import Edge
from pakar.cli.feedback import feedback
from pakar.cli.history import diff, history, rollback
from pakar.cli.mcp import mcp
from pakar.cli.merge import merge
from pakar.cli.options import HERE, AcceptAdapter, AsJson, ExpertDir
from pakar.cli.plan import plan
from pakar.cli.serve import serve
from pakar.cli.watch import follow
from pakar.version import __version__

Minutes = Annotated[
    Optional[float],  # noqa: UP045
    typer.Option("--minutes", min=0, help="Train no longer than so. 0: all epochs."),
]
app = typer.Typer(
    name="pakar",
    help="Make a small language model an expert in your documents, with sources.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.add_typer(examples.app)

RouteName = Annotated[
    Optional[str],  # noqa: UP045  typer reads it at run time
    typer.Option(
        "--route",
        help="extract, base, rag, lora, qlora, rag+lora, rag+qlora, an adapter's id, or auto: what "
        "the last comparison speaks for. "
        "Default: the one in pakar.toml.",
    ),
]
app.command()(batch)
app.command()(feedback)
app.command()(calibrate)
app.command()(plan)
app.command()(merge)
app.command()(serve)
app.command()(mcp)
app.command()(history)
app.command()(diff)
app.command()(rollback)
app.command()(advise.advise)
app.add_typer(questions.app, name="questions")
app.add_typer(users.app, name="users")
app.add_typer(keys.app, name="keys")
app.add_typer(access.app, name="access")


def run() -> None:
    """The entry point of the command `pakar`."""
    # Set before any library is imported: no telemetry, no progress bars of others in the output.
    for name in ("HF_HUB_DISABLE_TELEMETRY", "HF_HUB_DISABLE_PROGRESS_BARS", "DO_NOT_TRACK"):
        os.environ.setdefault(name, "1")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    # Waiting threads sleep instead of spinning: beside another busy process on the same cores,
    # embedding was 2.5 times as fast so (benchmarks/LOG.md), and never slower.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    # A terminal that lacks a character shows another one; it does not end the command.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    app()


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"pakar {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Make a small language model an expert in your documents, with sources."""


@app.command()
def demo(
    folder: Annotated[Path, typer.Option("--dir", help="Where the demo's expert is made.")] = Path(
        "pakar-demo"
    ),
    quick: Annotated[
        bool, typer.Option("--quick", help="Three minutes: without the trainings.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Show the whole story on the shipped example, offline."""
    with Edge(json) as edge:
        from pakar.cli.demo import QUICK, WHOLE, play

        edge.document(play(folder, edge.console, QUICK if quick else WHOLE))


@app.command()
def new(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder to make.")],
    model: Annotated[str, typer.Option("--model", metavar="SPEC")] = "",
    embedder: Annotated[str, typer.Option("--embedder", metavar="SPEC")] = "",
    json: AsJson = False,
) -> None:
    """Make a new expert."""
    with Edge(json) as edge:
        from pakar.config import DEFAULT_EMBEDDER, DEFAULT_MODEL
        from pakar.expert import Expert

        expert = Expert.create(
            folder, language_model=model or DEFAULT_MODEL, embedder=embedder or DEFAULT_EMBEDDER
        )
        edge.say(f"Made {expert.folder}/pakar.toml. Next: pakar add DOCUMENTS --expert {folder}")
        edge.document({"expert": str(expert.folder)})


@app.command()
def add(
    sources: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Argument(metavar="[SOURCE]...", help="Files and folders. None: all that were added."),
    ] = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Follow the folders; Ctrl-C ends it.")
    ] = False,
    poll: Annotated[
        bool, typer.Option("--poll", help="With --watch, for network mounts: look at all files.")
    ] = False,
    expert: ExpertDir = HERE,
    json: AsJson = False,
) -> None:
    """Index documents; reads only what is new or changed."""
    with Edge(json) as edge:
        from pakar.cli.progress import indexing

        if watch:
            follow(edge, edge.open(expert), sources or (), poll=poll)
            return

        opened = edge.open(expert)
        with indexing(edge.progress) as progress:
            done = opened.add(*(sources or ()), progress=progress, on_wait=edge.say)
        edge.report(done)


@app.command()
def remove(
    documents: Annotated[list[str], typer.Argument(metavar="DOCUMENT...")],
    forget: Annotated[
        bool, typer.Option("--forget", help="Out of the history too, for good.")
    ] = False,
    expert: ExpertDir = HERE,
    json: AsJson = False,
) -> None:
    """Take documents, or folders of them, out of the index. The files stay."""
    with Edge(json) as edge:
        edge.report(edge.open(expert).remove(*documents, forget=forget, on_wait=edge.say))


@app.command()
def reindex(expert: ExpertDir = HERE, json: AsJson = False) -> None:
    """Build the index anew, with the settings of now."""
    with Edge(json) as edge:
        from pakar.cli.progress import indexing

        opened = edge.open(expert)
        with indexing(edge.progress) as progress:
            done = opened.reindex(progress=progress, on_wait=edge.say)
        edge.report(done)


@app.command()
def status(expert: ExpertDir = HERE, json: AsJson = False) -> None:
    """Show what the expert holds and whether its index fits the settings."""
    with Edge(json) as edge:
        from pakar.cli.terminal import show_status

        found = edge.open(expert).status()
        edge.document(as_json.status(found))
        edge.show(lambda console: show_status(console, found))


@app.command()
def search(
    query: Annotated[str, typer.Argument()],
    k: Annotated[int, typer.Option("-k", min=1, max=1000, help="How many passages.")] = 10,
    document: Annotated[
        Optional[list[str]], typer.Option("--document", help="Only in this document.")  # noqa: UP045
    ] = None,
    kind: Annotated[
        Optional[list[str]], typer.Option("--kind", help="content, summary or row.")  # noqa: UP045
    ] = None,
    heading: Annotated[str, typer.Option("--heading", help="Only below such a heading.")] = "",
    expert: ExpertDir = HERE,
    json: AsJson = False,
) -> None:
    """Find passages, with the scores that found them."""
    with Edge(json) as edge:
        from pakar.cli.terminal import show_hits

        hits = edge.open(expert).search(
            query, k, documents=document or (), kinds=kind or (), heading=heading
        )
        edge.document(as_json.hits(hits))
        edge.show(lambda console: show_hits(console, hits))


@app.command()
def ask(
    question: Annotated[Optional[str], typer.Argument(help="None: a conversation.")] = None,  # noqa: UP045
    route: RouteName = None,
    accept_adapter: AcceptAdapter = False,
    expert: ExpertDir = HERE,
    json: AsJson = False,
) -> None:
    """Answer a question with sources; without QUESTION, hold a conversation."""
    with Edge(json) as edge:
        from pakar.cli import chat
        from pakar.cli.feedback import keeping

        opened = edge.open(expert)
        keep = keeping(edge, opened)
        if json:
            asked = edge.required(question)
            given = opened.ask(asked, route=route, accept_adapter=accept_adapter)
            edge.document({"id": keep(asked, given), **as_json.answer(given)})
        elif question is None:
            chat.chat(opened.route(route, accept_adapter=accept_adapter), edge.console, keep)
        else:
            way = opened.route(route, accept_adapter=accept_adapter)
            keep(question, chat.ask(way, edge.console, question, history=[]))
        edge.hint(opened.advice(route))


@app.command()
def train(
    method: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option("--method", help="lora or qlora. Default: the one in pakar.toml."),
    ] = None,
    minutes: Minutes = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the newest unfinished training.")
    ] = False,
    expert: ExpertDir = HERE,
    json: AsJson = False,
) -> None:
    """Train an adapter on the accepted examples; a killed run is gone on from."""
    with Edge(json) as edge:
        from pakar.cli.train import show_trained, watching

        chosen = edge.method(method)
        opened = edge.open(expert)
        with watching(edge.progress) as watcher:
            done = opened.train(
                chosen, minutes=minutes, resume=resume, watcher=watcher, on_wait=edge.say
            )
        edge.document(as_json.adapter(done))
        edge.show(lambda console: show_trained(console, done))


@app.command()
def compare(
    file: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--questions", metavar="FILE", help="Default: questions.jsonl."),
    ] = None,
    routes: Annotated[
        str, typer.Option("--routes", metavar="A,B", help="Default: all that can run.")
    ] = "",
    limit: Annotated[int, typer.Option("--limit", min=0, help="Ask so many only.")] = 0,
    budget: Annotated[float, typer.Option("--budget", min=0, help="Seconds to spend.")] = 0,
    train: Annotated[
        bool, typer.Option("--train", help="Train the adapters first that the routes lack.")
    ] = False,
    minutes: Minutes = None,
    again: Annotated[bool, typer.Option("--again", help="Repeat the last exam.")] = False,
    judge: Annotated[
        str,
        typer.Option("--judge", metavar="SPEC", help="A model that judges beside the measures."),
    ] = "",
    labels: Annotated[
        str, typer.Option("--labels", metavar="FILE", help="A person's labels, to check the judge.")
    ] = "",
    seed: Annotated[
        int, typer.Option("--seed", min=0, help="Which are asked, in which order.")
    ] = 0,
    expert: ExpertDir = HERE,
    json: AsJson = False,
) -> None:
    """Compare routes on held-out questions and say which is right."""
    with Edge(json) as edge:
        from pakar.cli import compare as shown
        from pakar.types import Scope

        opened = edge.open(expert)
        names = shown.named(routes, everything=train)
        shown.train_missing(edge, opened, names, agreed=train, minutes=minutes)
        with shown.comparing(edge.progress, edge.say) as watch:
            done = opened.compare(
                file,
                routes=names,
                scope=Scope(limit, budget, seed, again, judge=judge, labels=labels),
                watch=watch,
                say=edge.say,
            )
        edge.document(done.as_json())
        edge.show(lambda console: shown.show(console, done))


@app.command()
def doctor(expert: ExpertDir = HERE, json: AsJson = False) -> None:
    """Show what this machine can do and what is missing."""
    with Edge(json) as edge:
        from pakar.cli.doctor import examine, show

        findings = examine(expert)
        edge.document({"checks": [finding.as_json() for finding in findings]})
        edge.show(lambda console: show(console, findings))
