"""The whole story on the shipped example: documents in, questions answered with sources, adapters
trained, all routes compared on held-out questions, and the verdict.

Everything shown is computed in this run, on this machine, without a network. The parts that take
long are given the time that is left, so that the whole ends in about the time that was announced.
"""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path

from rich.console import Console
from rich.text import Text

from pakar.cli import compare as comparison
from pakar.cli.chat import ask
from pakar.cli.progress import counting, indexing
from pakar.cli.terminal import show_adapter, show_hits, show_report
from pakar.cli.train import watching
from pakar.config import FILE_NAME
from pakar.errors import ExpertError
from pakar.evaluation.comparison import Comparison
from pakar.evaluation.metrics import ndcg, recall
from pakar.evaluation.questions import load_questions
from pakar.expert import Expert
from pakar.flows.routes import ALL, PLAIN
from pakar.types import Adapter, Method, Scope

_SEARCHED = "What does a cheque book cost?"
_WRITTEN = "How do I block a lost debit card?"
_UNANSWERABLE = "How many branches does ZX Bank have in Tokyo?"
_METHODS: tuple[Method, ...] = ("lora", "qlora")
_DEPTH = 10


@dataclass(frozen=True, slots=True)
class Length:
    """How long the demo may take in all, and each of its trainings, in minutes."""

    minutes: float
    training: float


WHOLE = Length(11.5, 2.5)
QUICK = Length(3.0, 0.0)
# What measuring and writing the report takes after the last answer.
_REPORT_SECONDS = 15.0
_LEAST_SECONDS = 60.0


class _Clock:
    """Time since the beginning, against the time announced."""

    def __init__(self, length: Length) -> None:
        self._started = time.monotonic()
        self._whole = 60 * length.minutes

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._started

    @property
    def left(self) -> float:
        return self._whole - self.seconds

    def __str__(self) -> str:
        return f"{_minutes(self.seconds)} of about {_minutes(self._whole)}"


def play(folder: Path, console: Console, length: Length = WHOLE) -> dict[str, object]:
    """Makes the demo's expert in `folder` (or goes on with it) and returns what was measured."""
    clock = _Clock(length)
    console.print(f"This takes about {_minutes(60 * length.minutes)} minutes on 2 cores.")
    _say(console, clock, "An expert is a folder")
    expert = _expert(folder, console)
    _say(console, clock, "Documents in: 71 files of a fictional bank, in five formats")
    with indexing(console) as progress:
        show_report(console, expert.add(expert.folder / "documents", progress=progress))
    found = _search(expert, console, clock)
    _answers(expert, console, clock)
    adapters = [_train(expert, console, clock, one, length) for one in _methods(length)]
    done = _compare(expert, console, clock, ALL if adapters else PLAIN)
    console.print(f"\nDone in {_minutes(clock.seconds)} minutes. Go on with it:", highlight=False)
    console.print(Text(f"    pakar ask --route auto --expert {expert.folder}", style="bold"))
    return {
        "seconds": round(clock.seconds, 1),
        "retrieval": found,
        "adapters": [{"id": one.id, "loss": one.loss, "seconds": one.seconds} for one in adapters],
        "comparison": done.as_json(),
    }


def _methods(length: Length) -> tuple[Method, ...]:
    return _METHODS if length.training else ()


def _expert(folder: Path, console: Console) -> Expert:
    if (folder / FILE_NAME).is_file():
        console.print(f"{folder} is there already; going on with it.")
        return Expert.open(folder)
    if folder.exists() and any(folder.iterdir()):
        raise ExpertError(
            f"{folder} is not empty and no expert", hint="Name another folder: pakar demo --dir DIR"
        )
    with as_file(_example()) as source:
        shutil.copytree(source, folder, ignore=shutil.ignore_patterns(".pakar"), dirs_exist_ok=True)
    console.print(f"Copied the example to {folder}: pakar.toml, documents/, questions.jsonl.")
    return Expert.open(folder)


def _example() -> Path:
    """The example as installed, or as it lies in a checkout."""
    installed = Path(str(files("pakar"))) / "examples" / "zx_bank"
    checkout = Path(__file__).resolve().parents[3] / "examples" / "zx_bank"
    for place in (installed, checkout):
        if (place / FILE_NAME).is_file():
            return place
    raise ExpertError("the example is not in this installation", hint="Install pakar again.")


def _search(expert: Expert, console: Console, clock: _Clock) -> dict[str, float]:
    _say(console, clock, f"Search: {_SEARCHED}")
    show_hits(console, expert.search(_SEARCHED, 3))
    questions = load_questions(expert.folder / "questions.jsonl")
    known = [one for one in questions if one.documents]
    values = []
    with counting(console, "Searching for held-out questions", len(known)) as step:
        for one in known:
            ranking = [hit.document for hit in expert.search(one.question, 5 * _DEPTH)]
            values.append(
                (ndcg(ranking, one.documents, _DEPTH), recall(ranking, one.documents, _DEPTH))
            )
            step()
    means = [sum(column) / len(known) for column in zip(*values, strict=True)]
    console.print(
        f"Of {len(known)} held-out questions whose documents are known: nDCG@{_DEPTH} "
        f"{means[0]:.3f}, recall@{_DEPTH} {means[1]:.3f}, by document."
    )
    return {f"ndcg@{_DEPTH}": means[0], f"recall@{_DEPTH}": means[1]}


def _answers(expert: Expert, console: Console, clock: _Clock) -> None:
    _say(console, clock, "Answers without a language model: the best sentences (route extract)")
    for question in (_SEARCHED, _UNANSWERABLE):
        _ask(expert, console, question, "extract")
    _say(console, clock, "The small model writes, pakar checks every sentence (route rag)")
    console.print(
        f"The model is {expert.config.models.language_model}; loading takes some seconds."
    )
    _ask(expert, console, _WRITTEN, "rag")
    if advice := expert.advice("rag"):
        console.print(Text(f"Hint: {advice}", style="yellow"))


def _train(
    expert: Expert, console: Console, clock: _Clock, method: Method, length: Length
) -> Adapter:
    _say(console, clock, f"Fine-tuning with {method}, for {_minutes(60 * length.training)} minutes")
    console.print(
        f"{len(expert.examples())} pairs of question and answer come with the example; for "
        "documents of your own: pakar examples build"
    )
    with watching(console) as watcher:
        adapter = expert.train(method, minutes=length.training, watcher=watcher)
    show_adapter(console, adapter)
    return adapter


def _compare(
    expert: Expert, console: Console, clock: _Clock, routes: tuple[str, ...]
) -> Comparison:
    budget = max(_LEAST_SECONDS, clock.left - _REPORT_SECONDS)
    _say(console, clock, f"{len(routes)} routes answer held-out questions")
    console.print(
        f"As many questions as fit into {_minutes(budget)} minutes; pakar compare asks all."
    )
    scope = Scope(budget=budget, memory=False)
    # Its estimate is for all questions; here the budget ends it.
    with comparison.comparing(console, lambda line: None) as watch:
        done = expert.compare(routes=routes, scope=scope, watch=watch)
    _say(console, clock, "The verdict")
    comparison.show(console, done)
    return done


def _ask(expert: Expert, console: Console, question: str, route: str) -> None:
    console.print(Text(f"\n? {question}", style="bold"))
    ask(expert.route(route), console, question, history=[])


def _say(console: Console, clock: _Clock, title: str) -> None:
    console.print()
    console.rule(Text(f"{title} [{clock}]", style="bold"), align="left")


def _minutes(seconds: float) -> str:
    whole = round(max(0.0, seconds))
    return f"{whole // 60}:{whole % 60:02d}"
